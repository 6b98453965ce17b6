"""What evaluating a declared check found on one partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from trivium.checks.present import CHUNK
from trivium.values.alerts import CheckResult
from trivium.values.tables import CheckSpec

EXAMPLES = 5
LONGEST_TEXT = 200


class Outcome(Struct, frozen=True):
    """Passed or not, in a sentence; `failing_rows` counts, and `examples` shows at most five of them.

    `column` is the one that it is about, where that is not the column of the check.
    """

    passed: bool
    message: str
    observed: float | str | None = None
    expected: str = ""
    failing_rows: int = 0
    examples: tuple[dict[str, Any], ...] = ()
    evidence: dict[str, Any] = {}
    column: str | None = None


def unevaluable(check: CheckSpec, reason: str, **evidence: Any) -> Outcome:
    """Failed, because the check could not be evaluated on these rows. reason: may quote values of the rows."""
    return Outcome(
        passed=False, message=f"{check.name}: cannot be evaluated: {reason}", evidence={**evidence, "error": reason}
    )


def as_result(check: CheckSpec, partition: str, outcome: Outcome, *, column: str | None = None) -> CheckResult:
    """The outcome as the result of this check on this partition."""
    return CheckResult(
        check=check.name,
        kind=check.kind,
        column=column or outcome.column or check.column,
        partition=partition,
        passed=outcome.passed,
        severity=check.severity,
        message=outcome.message,
        observed=outcome.observed,
        expected=outcome.expected,
        failing_rows=outcome.failing_rows,
        examples=outcome.examples,
        evidence=outcome.evidence,
    )


class RowTest(Struct, frozen=True):
    """What a check asks of each row. failing: a boolean expression over the rows; null means not failing."""

    failing: pl.Expr
    subject: str
    expected: str


def find_passed(rows: pl.DataFrame, tests: Sequence[RowTest]) -> list[Outcome | None]:
    """The outcomes of those tests that no row fails, by one query for all of them; None for the others.

    Raises PolarsError when a test does not fit the rows.
    """
    asked = [test.failing.fill_null(value=False).any().alias(str(place)) for place, test in enumerate(tests)]
    some = rows.select(asked).row(0) if tests else ()
    return [
        None if fails else tell_failing(rows, 0, rows.clear(), subject=test.subject, expected=test.expected)
        for fails, test in zip(some, tests, strict=True)
    ]


def judge_rows(rows: pl.DataFrame, test: RowTest) -> Outcome:
    """Passed when no row is failing."""
    bad = rows.filter(test.failing.fill_null(value=False))
    return tell_failing(rows, bad.height, bad, subject=test.subject, expected=test.expected)


def judge_each(rows: pl.DataFrame, test: RowTest) -> Outcome:
    """The same, where a row fails whatever the others hold: of many rows half a million are looked at at a time."""
    count, first = find_failing(rows, test.failing.fill_null(value=False))
    return tell_failing(rows, count, first, subject=test.subject, expected=test.expected)


def find_failing(rows: pl.DataFrame, failing: pl.Expr) -> tuple[int, pl.DataFrame]:
    """How many rows fail, and the first of them. failing: as for `judge_each`, without nulls."""
    bad = rows.slice(0, CHUNK).filter(failing)
    count, first = bad.height, bad.head(EXAMPLES)
    for start in range(CHUNK, rows.height, CHUNK):
        bad = rows.slice(start, CHUNK).filter(failing)
        count += bad.height
        first = pl.concat([first, bad.head(EXAMPLES - first.height)])
    return count, first


def tell_failing(rows: pl.DataFrame, failing: int, first: pl.DataFrame, *, subject: str, expected: str) -> Outcome:
    """Passed when no row is failing. first: at least the first of them that are shown, when there are any."""
    return Outcome(
        passed=failing == 0,
        message=f"{subject}: {describe_failing(failing, rows.height)}, expected {expected}",
        observed=float(failing),
        expected=expected,
        failing_rows=failing,
        examples=example_rows(first),
    )


def describe_failing(failing: int, rows: int) -> str:
    """How many rows fail, in words."""
    return f"{failing:,} of {rows:,} rows fail" if failing else f"all {rows:,} rows pass"


def example_rows(rows: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """At most five of these rows, long text cut."""
    return tuple({name: shorten(value) for name, value in row.items()} for row in rows.head(EXAMPLES).to_dicts())


def shorten(value: Any) -> Any:
    """The value itself; long text and bytes cut to 200 characters."""
    if isinstance(value, bytes):
        value = repr(value)
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}…"
    return value
