"""Coverage: the share of rows in which a column has a value."""

from __future__ import annotations

import polars as pl

from trivium.checks.kinds.outcome import Outcome, example_rows, find_failing
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity


def coverage(
    column: str,
    at_least: float = 1.0,
    *,
    name: str | None = None,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A check that at least this share of a partition's rows has a value in the column; NaN is no value.

    at_least: in [0, 1]. Raises Misuse outside of it.
    """
    if not 0 <= at_least <= 1:
        raise Misuse(f"coverage({column!r}) takes a share from 0 to 1, not {at_least}; 95 % is at_least=0.95.")
    return CheckSpec(name or f"coverage({column})", "coverage", column, {"at_least": at_least}, severity, owner)


def judge_coverage(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """The share of rows with a value against the declared one. No rows: passed."""
    column, wanted = str(check.column), float(check.arguments["at_least"])
    absent, missing = pl.col(column).is_null(), rows[column].null_count()
    if rows[column].dtype.is_float():
        absent |= pl.col(column).is_nan()
        missing += int(rows.select(pl.col(column).is_nan().sum()).item())
    share = 1 - missing / rows.height if rows.height else 1.0
    return Outcome(
        passed=share >= wanted,
        message=f"`{column}`: {share:.1%} of {rows.height:,} rows have a value, expected at least {wanted:.1%}",
        observed=share,
        expected=f"at least {wanted:.1%}",
        failing_rows=missing,
        examples=() if share >= wanted else example_rows(find_failing(rows, absent)[1]),
    )
