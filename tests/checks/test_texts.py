"""Scalars of texts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trivium.checks.texts import describe_texts


@pytest.mark.parametrize("text", ["7", "+12", "-3.50", "٣", "1" * 70, "1" * 59 + ".5", "-" + "1" * 70 + ".25"])
def test_a_text_is_a_number_however_long_it_is(text: str) -> None:
    assert number_rate(text) == 1


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "1e5", "1.2.3", " 1", "1\n", "1" * 60 + "x", "1" * 59 + ".", "1" * 70 + ".2.3"]
)
def test_a_text_with_anything_else_in_it_is_no_number(text: str) -> None:
    assert number_rate(text) == 0


def number_rate(text: str) -> float:
    return describe_texts(pl.Series([text]), np.array([3]))[0]["number_rate"]
