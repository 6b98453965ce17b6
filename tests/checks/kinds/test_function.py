"""Python functions as checks."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from trivium.checks.kinds.function import check, judge_function
from trivium.checks.kinds.outcome import Outcome
from trivium.errors import Misuse

ROWS = pl.DataFrame({"x": [1, -2, None, 4]})


def judged(function: Callable[[Any], Any], rows: pl.DataFrame = ROWS) -> Outcome:
    return judge_function(check(function), rows)


@pytest.mark.parametrize("answer", [True, None, "", np.True_])
def test_true_none_and_an_empty_text_pass(answer: object) -> None:
    assert judged(lambda rows: answer).passed


@pytest.mark.parametrize("answer", [False, np.False_])
def test_false_fails(answer: object) -> None:
    assert not judged(lambda rows: answer).passed


def test_a_text_is_why_it_fails() -> None:
    def too_many(rows: pl.DataFrame) -> str:
        return f"{rows.height} rows are too many"

    assert judged(too_many).message.endswith("too_many: 4 rows are too many")


@pytest.mark.parametrize(
    "mask",
    [
        lambda rows: rows["x"] < 0,
        lambda rows: pl.col("x") < 0,
        lambda rows: rows.select(pl.col("x") < 0),
        lambda rows: [False, True, None, False],
        lambda rows: pd.Series([False, True, None, False]),
        lambda rows: pd.Series([False, True, None, False], dtype="boolean"),
        lambda rows: pa.array([False, True, None, False]),
        lambda rows: np.array([False, True, True, False]),
    ],
)
def test_a_boolean_for_each_row_marks_those_that_fail_and_null_is_one(mask: Callable[[Any], Any]) -> None:
    found = judged(mask)
    assert (found.passed, found.failing_rows) == (False, 2)
    assert [row["x"] for row in found.examples] == [-2, None]


def test_a_mask_of_nothing_passes_also_for_no_rows() -> None:
    assert judged(lambda rows: rows["x"] > 99, ROWS.drop_nulls()).passed
    assert judged(lambda rows: rows["x"] < 0, ROWS.head(0)).passed


@pytest.mark.parametrize("answer", [7, 1.5, [True], ["a"] * 4, {"x": 1}, object(), np.zeros((4, 2), bool), ROWS["x"]])
def test_any_other_answer_fails_and_says_what_is_wanted(answer: object) -> None:
    found = judged(lambda rows: answer)
    assert not found.passed
    assert "return True or False, a text, or a boolean for each row" in found.message


def raise_system_exit(rows: pl.DataFrame) -> None:
    sys.exit("enough")


def raise_nested(rows: pl.DataFrame) -> None:
    raise Misuse("of another thing")


@pytest.mark.parametrize(
    ("function", "story"),
    [
        (lambda rows: rows["y"], "ColumnNotFoundError"),
        (lambda rows: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda rows: pl.col("y") > 0, "ColumnNotFoundError"),
        (raise_system_exit, "SystemExit: enough"),
        (raise_nested, "Misuse: of another thing"),
    ],
)
def test_an_exception_is_a_failed_check_with_the_error(function: Callable[[Any], Any], story: str) -> None:
    found = judged(function)
    assert not found.passed
    assert story in found.message


def test_an_assertion_tells_its_message() -> None:
    def enough(rows: pl.DataFrame) -> None:
        assert rows.height > 99, "fewer than 100 rows"

    assert judged(enough).message.endswith("cannot be evaluated: fewer than 100 rows")


def test_an_interrupt_of_the_user_is_one() -> None:
    def interrupted(rows: pl.DataFrame) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(interrupted)


def test_the_rows_come_as_what_the_function_annotates() -> None:
    seen: list[str] = []

    def polars(rows: pl.DataFrame) -> None:
        seen.append(type(rows).__name__)

    def lazy(rows: pl.LazyFrame) -> None:
        seen.append(type(rows).__name__)

    def pandas(rows: pd.DataFrame) -> None:
        seen.append(type(rows).__module__.partition(".")[0])

    def arrow(rows: pa.Table) -> None:
        seen.append(type(rows).__module__.partition(".")[0])

    def duck(rows: duckdb.DuckDBPyRelation) -> None:
        seen.append(type(rows).__name__)

    def anything(rows, limit=3):  # type: ignore[no-untyped-def] # users write such functions
        seen.append(type(rows).__name__)

    assert all(judged(function).passed for function in (polars, lazy, pandas, arrow, duck, anything))
    assert seen == ["DataFrame", "LazyFrame", "pandas", "pyarrow", "DuckDBPyRelation", "DataFrame"]


def test_what_the_function_does_to_its_frame_stays_with_it() -> None:
    def careless(rows: pl.DataFrame) -> None:
        rows.drop_in_place("x")

    rows = ROWS.clone()
    assert judged(careless, rows).passed
    assert rows.columns == ["x"]


def at_most(limit: int) -> Callable[[pl.DataFrame], bool]:
    def few(rows: pl.DataFrame) -> bool:
        return rows.height <= limit

    return few


def test_functions_of_one_code_that_close_over_other_values_are_not_mixed_up() -> None:
    strict, loose = check(at_most(3)), check(at_most(5))
    assert [judge_function(each, ROWS).passed for each in (strict, loose, strict)] == [False, True, False]
    assert strict.arguments["function"] == loose.arguments["function"]
    assert check(at_most(3)) == strict


def test_partials_and_methods_are_functions() -> None:
    class Limits:
        def __init__(self, most: int) -> None:
            self.most = most

        def holds(self, rows: pl.DataFrame) -> bool:
            return rows.height <= self.most

    def few(most: int, rows: pl.DataFrame) -> bool:
        return rows.height <= most

    assert [judged(each).passed for each in (functools.partial(few, 3), functools.partial(few, 5))] == [False, True]
    assert [judged(each).passed for each in (Limits(3).holds, Limits(5).holds)] == [False, True]


@pytest.mark.parametrize("what", [len, 7, "rows", lambda: True, lambda a, b: True])
def test_what_is_no_python_function_of_one_argument_is_misuse(what: Any) -> None:
    with pytest.raises(Misuse, match="one argument"):
        check(what)


def test_a_process_without_the_function_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "import trivium as tv\n"
        "def adds_up(rows):\n    return True\n"
        "orders = tv.Table('orders', key='id', watch='off', checks=[tv.check(adds_up)])\n"
    )
    (tmp_path / "declare.py").write_text(
        "import shop, trivium as tv\nwith tv.connect('here'):\n    print(shop.orders.append([{'id': 1}]).state)\n"
    )
    (tmp_path / "elsewhere.py").write_text(
        "import trivium as tv\nfrom trivium.tables.backtest import check_newest\n"
        "with tv.connect('here') as store:\n    check_newest(store, 'orders')\n"
    )
    first, second = (
        subprocess.run([sys.executable, file], cwd=tmp_path, capture_output=True, text=True, check=False)
        for file in ("declare.py", "elsewhere.py")
    )
    assert first.stdout == "valid\n"
    assert "Check 'adds_up' is the Python function shop:adds_up" in second.stderr
    assert "Import the module that declares the table (`import shop`)" in second.stderr


def test_a_function_of_other_code_is_not_the_one_that_was_declared() -> None:
    declared = check(at_most(7))
    changed = declared.__class__(
        name=declared.name, kind="function", arguments={**declared.arguments, "code": "0" * 64}
    )
    with pytest.raises(Misuse, match="has other code than the one that was declared"):
        judge_function(changed, ROWS)
