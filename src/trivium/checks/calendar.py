"""Columns that tell the date of their partition: when the calendar moves on, so do they."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from trivium.checks.history import History
from trivium.checks.surprise import Surprises
from trivium.checks.times import partition_start
from trivium.values.alerts import Profile

READINGS: tuple[Callable[[datetime], int], ...] = (
    lambda at: at.year,
    lambda at: (at.month + 2) // 3,
    lambda at: at.month,
    lambda at: at.isocalendar().week,
    lambda at: at.timetuple().tm_yday,
    lambda at: at.day,
    lambda at: at.weekday(),
    lambda at: at.isoweekday(),
    lambda at: at.isoweekday() % 7,
    lambda at: at.isoweekday() % 7 + 1,
    lambda at: at.hour,
)
USUALLY, NEAR = 0.8, 0.5
LOST = ("null_rate", "nan_rate", "infinite_rate")


def columns_of_date(
    columns: Collection[str], profile: Profile, history: History, surprises: Surprises
) -> frozenset[str]:
    """Which of these columns moved because the calendar did, as the month does on its first day.

    Their median is the year, the quarter, the month, ... of this partition, which was another in the newest known one;
    and their mean was about that of at least four in five known ones. A column that lost values is none of them.
    """
    start, newest = partition_start(profile.partition), partition_start(history.newest)
    if start is None or newest is None:
        return frozenset()
    moved = [reading for reading in READINGS if reading(start) != reading(newest)]
    medians = {each.name: each.facts.get("median") for each in profile.columns if each.name in columns}
    return frozenset(
        column
        for column, median in medians.items()
        if any(median == reading(start) and _told(column, reading, history) for reading in moved)
        and not any(_alarms(column, fact, surprises) for fact in LOST)
    )


def _told(column: str, reading: Callable[[datetime], int], history: History) -> bool:
    """Whether the column's mean usually was about this reading of the partition's date."""
    at = history.keys.get((column, "mean"))
    starts = map(partition_start, history.partitions)
    known = [
        abs(float(vector[at]) - reading(start)) < NEAR
        for start, vector in zip(starts, history.values, strict=True)
        if start is not None and at is not None and at < vector.size
    ]
    return len(known) > 0 and sum(known) >= USUALLY * len(known)


def _alarms(column: str, fact: str, surprises: Surprises) -> bool:
    at = surprises.at((column, fact))
    return at is not None and float(surprises.scores[at]) >= 1.0
