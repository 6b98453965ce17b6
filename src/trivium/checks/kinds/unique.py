"""Unique: no two rows of a partition share a key."""

from __future__ import annotations

import polars as pl

from trivium.checks.kinds.outcome import EXAMPLES, Outcome, RowTest, judge_rows, tell_failing
from trivium.checks.repeated import find_repeated
from trivium.checks.whole import MANY_ROWS
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity


def unique(*columns: str, name: str | None = None, severity: Severity = "block", owner: str | None = None) -> CheckSpec:
    """A check that the columns together differ between all rows of a partition; rows with a null there pass.

    Raises Misuse without a column.
    """
    if not columns:
        raise Misuse("unique() needs the column, or the columns, that tell rows apart, such as unique('flight_id').")
    shown = ", ".join(columns)
    only = columns[0] if len(columns) == 1 else None
    return CheckSpec(name or f"unique({shown})", "unique", only, {"columns": list(columns)}, severity, owner)


def judge_unique(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """Every row that shares its key with another one fails."""
    test = unique_test(check, rows)
    if rows.height > MANY_ROWS:
        failing, first = find_repeated(rows.select(check.arguments["columns"]), EXAMPLES)
        return tell_failing(rows, failing, rows[first], subject=test.subject, expected=test.expected)
    return judge_rows(rows, test)


def unique_test(check: CheckSpec, rows: pl.DataFrame) -> RowTest:  # the same for all rows
    """What it asks of each row of a small partition."""
    columns = list(check.arguments["columns"])
    known = pl.all_horizontal(pl.col(columns).is_not_null())
    repeated = pl.struct(columns).is_duplicated()
    return RowTest(known & repeated, subject=f"`{', '.join(columns)}`", expected="no value twice")
