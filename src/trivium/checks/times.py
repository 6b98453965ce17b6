"""Scalars of a date or timestamp column: offsets from the start of its partition, in hours, and the time of day."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from trivium.checks.numbers import QUANTILES, Floats, describe_numbers

OFFSETS = ("minimum", *QUANTILES, "maximum", "mean", "sd", "distinct", "top_share")
LAST = 0
CHANGES = {(3, 2), (3, LAST), (4, 1), (9, LAST), (10, 1), (10, LAST), (11, 1)}  # month, which Sunday of it
ORDER = ("repeat_rate", "longest_run", "fingerprint", "below_before", "above_before", "serial_1", "serial_3")


def describe_times(values: pl.Series, partition: str) -> dict[str, float]:
    """Where the times lie from the partition's start (else from 1970), and how they spread over the day."""
    hours = hours_since(values)
    facts = describe_numbers(hours - partition_hours(partition))
    kept = {name: facts[name] for name in (*OFFSETS, *ORDER) if name in facts}
    if values.dtype == pl.Date:
        return kept
    of_day = np.mod(hours, 24)
    return kept | {
        "midnight_rate": float(np.count_nonzero(of_day == 0) / of_day.size),
        "whole_hour_rate": float(np.count_nonzero(np.rint(of_day) == of_day) / of_day.size),
    }


def hours_since(values: pl.Series, partition: str = "") -> Floats:
    """The times as hours since the start of the partition, else since 1970. values: (n,) dates or timestamps."""
    hours: Floats = values.cast(pl.Datetime("us")).cast(pl.Int64).to_numpy() / 3.6e9
    return hours - partition_hours(partition)


def partition_hours(name: str) -> float:
    """When the partition starts, in hours since 1970; 0 when its name is no time."""
    start = partition_start(name)
    return 0.0 if start is None else (start - datetime(1970, 1, 1)).total_seconds() / 3600  # noqa: DTZ001 # wall times


def clocks_changed(name: str) -> bool:
    """Whether, in the week up to this partition, clocks were put forward or back in Europe, America or Oceania.

    Hours by the clock then come an hour earlier or later in UTC. Directive 2000/84/EC: the last Sundays of March and
    October; Energy Policy Act of 2005 (USA), section 110: the second of March, the first of November; Australia and New
    Zealand: the first of April, the last of September, the first of October.
    """
    start = partition_start(name)
    if start is None:
        return False
    sunday = start.date() - timedelta(days=(start.weekday() + 1) % 7)
    after, before = (sunday + timedelta(days=7)).month != sunday.month, (sunday.day + 6) // 7
    return (sunday.month, LAST if after else before) in CHANGES or (sunday.month, before) in CHANGES


def partition_start(name: str) -> datetime | None:
    """The start of a partition named "2013-09-14" or "2013-09-14T07"; None for other names."""
    try:
        return datetime.fromisoformat(f"{name}:00" if "T" in name else name)
    except ValueError:
        return None
