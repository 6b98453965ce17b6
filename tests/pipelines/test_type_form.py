"""Types as plain values and back."""

from __future__ import annotations

import datetime
import typing
from typing import Any, Literal

import polars as pl
import pytest

from trivium.models.package import Model
from trivium.pipelines.type_form import describe_type, read_type


class Mine:
    """A class that callers do not have."""


@pytest.mark.parametrize(
    "kind",
    [
        int, type(None), datetime.date, pl.DataFrame, Model, list[int], dict[str, list[float]], tuple[int, str],
        tuple[int, ...], Literal["a", 1, None], int | None, pl.LazyFrame | None, list[pl.DataFrame],
    ],
)  # fmt: skip
def test_a_type_comes_back_as_it_was(kind: Any) -> None:
    assert read_type(describe_type(kind)) == kind


def test_what_a_caller_may_not_have_can_be_anything() -> None:
    assert read_type(describe_type(Mine)) is Any
    assert read_type(describe_type(list[Mine])) == list[Any]
    assert read_type({"type": "not_installed_here:Frame"}) is Any
    assert read_type({"type": "os:system"}) is Any
    assert describe_type("unresolved") == {}
    assert read_type(describe_type(typing.Annotated[int, "bounds"])) is int
