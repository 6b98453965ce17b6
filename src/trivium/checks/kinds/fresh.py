"""Fresh: the newest event is not older than promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from trivium.checks.kinds.outcome import Outcome
from trivium.durations import parse_duration
from trivium.values.tables import CheckSpec, Severity


def fresh(within: str, *, name: str | None = None, severity: Severity = "warn", owner: str | None = None) -> CheckSpec:
    """A check that the newest event time is at most this long before now, such as "26h".

    It is judged on the newest partition only, so that a backfill is not late. Event times without a zone are UTC.
    Raises Misuse when `within` is not a length of time.
    """
    parse_duration(within)
    return CheckSpec(name or f"fresh({within})", "fresh", None, {"within": within}, severity, owner)


def judge_fresh(check: CheckSpec, rows: pl.DataFrame, time: str | None, now: datetime) -> Outcome:
    """The age of the newest event against the promise. No event time or no rows: passed."""
    within = str(check.arguments["within"])
    newest = newest_event(rows, time)
    if newest is None:
        return Outcome(passed=True, message="there is no event time to judge", expected=f"within {within}")
    age = now - newest
    shown = f"{describe_age(age)} old ({newest:%Y-%m-%d %H:%M} UTC)"
    return Outcome(
        passed=age <= parse_duration(within),
        message=f"the newest `{time}` is {shown}, promised within {within}",
        observed=age.total_seconds(),
        expected=f"within {within}",
    )


def newest_event(rows: pl.DataFrame, time: str | None) -> datetime | None:
    """The newest event time, in UTC; None without one."""
    if time is None or time not in rows.columns or not rows.schema[time].is_temporal():
        return None
    newest = rows.select(pl.col(time).max().cast(pl.Datetime("us"))).item()
    return None if newest is None else newest.replace(tzinfo=UTC)


def describe_age(age: timedelta) -> str:
    """An age in its largest fitting unit.

    >>> describe_age(timedelta(hours=30))
    '30 h'
    """
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.0f} d" if hours >= 72 else f"{hours:.0f} h" if hours >= 2 else f"{hours * 60:.0f} min"
