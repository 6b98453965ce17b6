"""Between: every value of a column is inside bounds."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from trivium.checks.kinds.outcome import Outcome, RowTest, judge_each
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity

Bound = float | date | datetime | str | None


def between(
    column: str,
    low: Bound = None,
    high: Bound = None,
    *,
    name: str | None = None,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A check that every value is at least `low` and at most `high`; None leaves a side open. Nulls pass, NaN fails.

    Dates are kept as ISO text. Raises Misuse without a bound, or when they are the wrong way round.
    """
    bounds = [value.isoformat() if isinstance(value, date) else value for value in (low, high)]
    if low is None and high is None:
        raise Misuse(f"between({column!r}) needs a low or a high bound.")
    if low is not None and high is not None and low > high:  # type: ignore[operator] # of one kind, or a TypeError is due
        raise Misuse(f"between({column!r}) has its bounds the wrong way round: {low} is above {high}.")
    arguments = {"low": bounds[0], "high": bounds[1]}
    return CheckSpec(name or f"{column} {describe_bounds(*bounds)}", "between", column, arguments, severity, owner)


def describe_bounds(low: object, high: object) -> str:
    """Bounds in words."""
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"between {low} and {high}"


def judge_between(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """Every value outside of the bounds fails."""
    return judge_each(rows, between_test(check, rows))


def between_test(check: CheckSpec, rows: pl.DataFrame) -> RowTest:
    """What it asks of each row."""
    column, low, high = str(check.column), check.arguments["low"], check.arguments["high"]
    dtype, value = rows.schema[column], pl.col(column)
    failing = value.is_nan() if dtype.is_float() else pl.lit(value=False)
    if low is not None:
        failing |= value < _literal(low, dtype)
    if high is not None:
        failing |= value > _literal(high, dtype)
    return RowTest(failing, subject=f"`{column}`", expected=describe_bounds(low, high))


def _literal(bound: object, dtype: pl.DataType) -> pl.Expr:
    if isinstance(bound, str) and dtype.is_temporal():
        return pl.lit(datetime.fromisoformat(bound)).cast(dtype)
    return pl.lit(bound)
