"""One of: every value of a column is in a set."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trivium.checks.kinds.outcome import Outcome, RowTest, judge_each
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity

SHOWN = 8


def one_of(
    column: str,
    values: Sequence[str | int | float | bool],
    *,
    name: str | None = None,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A check that every value is one of these. Nulls pass. Raises Misuse without values."""
    if isinstance(values, str) or not values:
        raise Misuse(f"one_of({column!r}) needs a list of the values that are allowed, not {values!r}.")
    arguments = {"values": list(values)}
    return CheckSpec(name or f"one_of({column})", "one_of", column, arguments, severity, owner)


def judge_one_of(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """Every value outside of the set fails."""
    return judge_each(rows, one_of_test(check, rows))


def one_of_test(check: CheckSpec, rows: pl.DataFrame) -> RowTest:  # the same for all rows
    """What it asks of each row."""
    column, values = str(check.column), list(check.arguments["values"])
    shown = ", ".join(map(str, values[:SHOWN])) + (", …" if len(values) > SHOWN else "")
    failing = pl.col(column).is_not_null() & ~pl.col(column).is_in(values)
    return RowTest(failing, subject=f"`{column}`", expected=f"one of {shown}")
