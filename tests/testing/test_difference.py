"""How values are compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from trivium.testing.difference import Tolerance, find_differences

NAN = float("nan")
LOOSE = Tolerance(relative=0.01, absolute=0.001)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (1, 2, "1, then 2"),
        (1, True, "1, then True"),
        (1.0, "1.0", "1.0, then '1.0'"),
        ([1, 2], [1, 2, 3], "2 items, then 3"),
        ({"a": 1}, {"b": 1}, "['a'] is missing"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "['a'][1]['b']: 2, then 3"),
        (np.array([1, 2]), np.array([1, 3]), "array([1, 2]), then array([1, 3])"),
        (pl.DataFrame({"x": [1]}), pl.DataFrame({"y": [1]}), "column 'x' is missing"),
        (pl.DataFrame({"x": [1]}), pl.DataFrame({"x": ["1"]}), "column 'x': int64, then string"),
        (pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [1, 2]}), "1 rows, then 2"),
        (pl.DataFrame({"x": [1, None]}), pl.DataFrame({"x": [1, 2]}), "column 'x', row 1: None, then 2"),
        (pl.DataFrame({"x": [[1], [2]]}), pl.DataFrame({"x": [[1], [3]]}), "column 'x', row 1: [2], then [3]"),
        (pl.DataFrame({"x": [1], "y": [2]}), pl.DataFrame({"y": [2], "x": [1]}), "another order"),
        (pl.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1, 5]}), "column 'x', row 1: 2, then 5"),
    ],
)  # fmt: skip
def test_the_place_of_a_difference_is_named(first: Any, second: Any, told: str) -> None:
    assert told in next(find_differences(first, second))


@pytest.mark.parametrize(
    "value",
    [
        NAN, [1.0, NAN], {"a": (1, None)}, np.array([1.0, 2.0]), datetime(2024, 1, 1), pl.Series("x", [1, None]),  # noqa: DTZ001
        pl.DataFrame({"x": [NAN, None], "y": [[1.5], None], "z": [{"a": 1}, {"a": 2}]}),
    ],
)  # fmt: skip
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(find_differences(value, value)) == []


def test_floats_may_be_as_far_apart_as_is_allowed() -> None:
    near, far = pl.DataFrame({"x": [100.5, 0.0005], "y": [[100.5], [1.0]]}), pl.DataFrame({"x": [102.0, 0.0]})
    exact = pl.DataFrame({"x": [100.0, 0.0], "y": [[100.0], [1.0]]})
    assert list(find_differences(exact, near, LOOSE)) == []
    assert list(find_differences(exact.select("x"), far, LOOSE)) == ["column 'x', row 0: 100.0, then 102.0"]
    assert list(find_differences([1.0, NAN], [1.001, 1.0], LOOSE)) == ["[1]: nan, then 1.0"]


def test_how_many_rows_of_a_column_differ_is_counted() -> None:
    first, second = pl.DataFrame({"x": [1, 2, 3]}), pl.DataFrame({"x": [1, 5, 6]})
    assert list(find_differences(first, second)) == ["column 'x', row 1: 2, then 5 (2 of 3 rows differ)"]
