"""Row count: how many rows a partition has."""

from __future__ import annotations

import polars as pl

from trivium.checks.kinds.between import describe_bounds
from trivium.checks.kinds.outcome import Outcome
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity


def row_count(
    at_least: int | None = None,
    at_most: int | None = None,
    *,
    name: str | None = None,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A check on the number of rows of a partition. Raises Misuse without a bound."""
    if at_least is None and at_most is None:
        raise Misuse("row_count() needs at_least or at_most.")
    arguments = {"at_least": at_least, "at_most": at_most}
    shown = f"row_count {describe_bounds(at_least, at_most)}"
    return CheckSpec(name or shown, "row_count", None, arguments, severity, owner)


def judge_row_count(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """The number of rows against its bounds."""
    low, high = check.arguments["at_least"], check.arguments["at_most"]
    expected = describe_bounds(low, high)
    return Outcome(
        passed=(low is None or rows.height >= low) and (high is None or rows.height <= high),
        message=f"{rows.height:,} rows, expected {expected}",
        observed=float(rows.height),
        expected=expected,
    )
