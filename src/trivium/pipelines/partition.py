"""The partition of event time that a task works on, and a range of partitions as people write it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from trivium.durations import parse_duration
from trivium.errors import Misuse
from trivium.tables.partition_name import WHOLE, partition_format, partition_start

MOST = 100_000


class Partition(Struct, frozen=True):
    """A partition of event time: "2013-09-01" of days, "2013-09-01T08" of hours, "all" of a table without event time.

    A parameter that is annotated with it gets the one that a task with `commits=` is run for.
    """

    name: str
    every: str = "1d"

    @property
    def start(self) -> datetime:
        """When it begins, by the clock of the table's time column; the beginning of time for "all"."""
        return partition_start(self.name) or datetime.min  # noqa: DTZ901 # the column's own clock

    @property
    def end(self) -> datetime:
        """When the next one begins; the end of time for "all"."""
        return datetime.max if self.name == WHOLE else self.start + parse_duration(self.every)  # noqa: DTZ901

    def __str__(self) -> str:
        return self.name


EACH = Partition("")  # stands for the partition of each run of a task, while the graph is drawn


class PartitionRange(Struct, frozen=True):
    """The partitions from `first` to `last`, both included; "" leaves an end open."""

    first: str = ""
    last: str = ""

    def __contains__(self, name: str) -> bool:
        return self.first[: len(name)] <= name[: len(self.first)] and (
            not self.last or name[: len(self.last)] <= self.last[: len(name)]
        )

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}..{self.last}"

    def names(self, every: str) -> Iterator[str]:
        """The partitions of this width. Raises Misuse when an end is open, or there are more than 100,000."""
        first, last = partition_start(self.first or WHOLE), partition_start(self.last or WHOLE)
        if first is None or last is None:
            raise Misuse(f"Which partitions there are is not known from {self}: give both ends, A..B.")
        step = parse_duration(every)
        end = last + (step if "T" in self.last else timedelta(days=1))
        if (end - first) / step > MOST:
            raise Misuse(f"{self} has more than {MOST:,} partitions of {every}; take a shorter range.")
        while first < end:
            yield first.strftime(partition_format(every))
            first += step


def parse_range(text: str) -> PartitionRange:
    """ "2013-09-01..2013-09-30", one partition, or a range with an open end ("2013-09-01..").

    Raises Misuse for anything else, and for an end that is before the beginning.
    """
    first, dots, last = (part.strip() for part in text.partition(".."))
    found = PartitionRange(_checked(first, text), _checked(last, text) if dots else _checked(first, text))
    if not (found.first or found.last):
        raise Misuse("Which partitions? Write A..B, as 2013-09-01..2013-09-30.")
    if found.last and found.first[: len(found.last)] > found.last[: len(found.first)]:
        raise Misuse(f"The partitions {text} end before they begin; the earlier one goes first.")
    return found


def is_partition(name: str) -> bool:
    """Whether this names a day or an hour."""
    try:
        moment = partition_start(name)
    except ValueError:
        return False
    return moment is not None and name in (moment.strftime("%Y-%m-%d"), moment.strftime("%Y-%m-%dT%H"))


def _checked(name: str, text: str) -> str:
    if name and not is_partition(name):
        raise Misuse(f"{name!r} in {text!r} is no partition; write 2013-09-01 for a day, 2013-09-01T08 for an hour.")
    return name
