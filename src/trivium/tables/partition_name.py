"""Names of partitions of event time, and when they begin."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from trivium.durations import parse_duration
from trivium.errors import Misuse

WHOLE = "all"
FORMATS = {"1h": "%Y-%m-%dT%H", "1d": "%Y-%m-%d"}


def partition_format(every: str) -> str:
    """How partitions of this width are named. Raises Misuse for widths other than an hour and a day."""
    if every not in FORMATS:
        raise Misuse(f"Partitions are '1d' or '1h' wide, not {every!r}.")
    return FORMATS[every]


def partition_start(name: str) -> datetime | None:
    """When the partition begins; None for the one partition of a table without event time."""
    return None if name == WHOLE else datetime.fromisoformat(name if "T" not in name else f"{name}:00")


def is_due(previous: str, partition: str, every: str) -> bool:
    """Whether at least `every` of event time lies between two partitions."""
    before, after = partition_start(previous), partition_start(partition)
    return before is None or after is None or after - before >= parse_duration(every)


def day_before(name: str, days: int) -> str:
    """The name of the daily partition that many days earlier."""
    return (date.fromisoformat(name) - timedelta(days=days)).isoformat()
