"""Parts of tables by partitions of event time: what a task that makes one partition is given of its inputs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from trivium.digest import digest_of
from trivium.durations import parse_duration
from trivium.frames.deferred import pl
from trivium.pipelines.partition import Partition
from trivium.store.catalog.content import content_digest, content_of
from trivium.store.store import Store
from trivium.tables.partition_name import partition_format, partition_start
from trivium.tables.read import read_version
from trivium.values.runs import TableInput


class Slice(Struct, frozen=True):
    """The rows of some partitions of a table, at the version that the run reads. table.digest: of their content.

    between: only rows whose event time is in it (the end is not), where the partitions reach further.
    """

    table: TableInput
    partitions: tuple[str, ...]
    between: tuple[datetime, datetime] | None = None


def contents_of(store: Store, table: str, version: int) -> dict[str, int]:
    """The content number of each partition of a version, oldest first; a partition without rows is not there."""
    found: dict[str, int] = {}
    for file in store.catalog.tables.files(table, version):
        found[file.partition] = found.get(file.partition, 0) + content_of(file)
    return found


class SlicedTable:
    """A table with event time, which a task takes partition by partition. lookback: how much event time before the
    partition is given as well."""

    def __init__(self, store: Store, table: TableInput, lookback: timedelta) -> None:
        self.table = table
        self._lookback = lookback
        self._width = parse_duration(store.catalog.tables.get_spec(table.table).every)
        self._contents = contents_of(store, table.table, table.version)
        self._names = sorted(self._contents)
        self._starts = [partition_start(name) or datetime.min for name in self._names]  # noqa: DTZ901

    def partitions(self, every: str) -> Iterator[str]:
        """The partitions of this width that the table has rows for; some more than once."""
        step, form = parse_duration(every), partition_format(every)
        for start in self._starts:
            moment = start
            while moment < start + self._width:
                yield moment.strftime(form)
                moment += step

    def has_rows(self, partition: Partition) -> bool:
        """Whether there are rows for the partition itself."""
        return bool(self._overlapping(partition.start, partition.end))

    def slice_for(self, partition: Partition) -> Slice:
        """The rows for the partition, and those that it looks back to."""
        first = partition.start - self._lookback
        names = self._overlapping(first, partition.end)
        content = content_digest(sum(self._contents[name] for name in names))
        between = None if self._fits(first, partition.end) else (first, partition.end)
        if between is not None:
            content = digest_of("slice", [content, *(moment.isoformat() for moment in between)])
        return Slice(TableInput(self.table.table, self.table.version, content), tuple(names), between)

    def _overlapping(self, first: datetime, end: datetime) -> list[str]:
        begin = bisect_left(self._starts, first - self._width + timedelta(microseconds=1))
        return self._names[begin : bisect_left(self._starts, end)]

    def _fits(self, first: datetime, end: datetime) -> bool:
        """Whether whole partitions lie between these moments."""
        return all((moment - datetime(2000, 1, 1)) % self._width == timedelta(0) for moment in (first, end))  # noqa: DTZ001


def read_slice(store: Store, part: Slice) -> pl.LazyFrame:
    """The rows, lazily, ordered by partition."""
    table = part.table
    rows = read_version(store, table.table, table.version, partitions=part.partitions)
    if part.between is None:
        return rows
    time = store.catalog.tables.get_spec(table.table).time or ""
    moments = pl.col(time)
    kind = rows.collect_schema()[time]
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        moments = moments.dt.replace_time_zone(None, ambiguous="earliest")
    return rows.filter(moments.cast(pl.Datetime("us")).is_between(*part.between, closed="left"))
