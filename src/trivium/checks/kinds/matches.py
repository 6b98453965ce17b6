"""Matches: every text of a column has a form."""

from __future__ import annotations

import polars as pl

from trivium.checks.kinds.outcome import Outcome, RowTest, judge_each
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity


def matches(
    column: str, pattern: str, *, name: str | None = None, severity: Severity = "block", owner: str | None = None
) -> CheckSpec:
    """A check that every text is, as a whole, of this form: a regular expression without look-around. Nulls pass.

    Raises Misuse when the pattern is not a regular expression.
    """
    try:
        pl.Series([""]).str.contains(whole(pattern))
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise Misuse(f"{pattern!r} is not a regular expression that can be checked: {reason}") from None
    return CheckSpec(name or f"matches({column})", "matches", column, {"pattern": pattern}, severity, owner)


def whole(pattern: str) -> str:
    """The pattern for the whole text."""
    return f"^(?:{pattern})$"


def judge_matches(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """Every text of another form fails."""
    return judge_each(rows, matches_test(check, rows))


def matches_test(check: CheckSpec, rows: pl.DataFrame) -> RowTest:  # the same for all rows
    """What it asks of each row."""
    column, pattern = str(check.column), str(check.arguments["pattern"])
    failing = ~pl.col(column).cast(pl.String).str.contains(whole(pattern))
    return RowTest(failing, subject=f"`{column}`", expected=f"text of the form {pattern}")
