"""Every error is one decision, and says by itself what it is."""

from __future__ import annotations

import inspect

import pytest

from trivium import errors
from trivium.errors import TriviumError

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__]


@pytest.mark.parametrize("error", CLASSES)
def test_an_error_is_one_of_ours_and_its_docstring_is_its_message(error: type[TriviumError]) -> None:
    assert issubclass(error, TriviumError)
    assert str(error()) == error.__doc__
    assert str(error("7 rows are wrong")) == "7 rows are wrong"


@pytest.mark.parametrize("error", CLASSES)
def test_misuse_ends_the_terminal_with_2_and_a_failure_with_1(error: type[TriviumError]) -> None:
    wrong = issubclass(error, (errors.Misuse, errors.NotFound))
    assert error.exit_status == (2 if wrong else 1)
