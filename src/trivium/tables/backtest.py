"""What today's checks say of rows: of a table's newest commit, of rows that are not committed, of its whole past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import polars as pl

from trivium.checks.diversion import divert_rows, tell_diversion
from trivium.checks.judge import judge
from trivium.checks.partition import Partition
from trivium.checks.replay import Replay
from trivium.store.store import Store
from trivium.tables.learned_feedback import learned_feedback
from trivium.tables.partitioning import split_partitions
from trivium.tables.read import get_version
from trivium.tables.staging import stage_rows
from trivium.tables.surroundings import TableSurroundings, around_commit
from trivium.values.alerts import Judgement
from trivium.values.tables import DataFile

REMEMBERED = 4


def check_rows(store: Store, name: str, rows: pl.DataFrame) -> tuple[Judgement, ...]:
    """What a commit of these rows would be told. Nothing is committed or recorded."""
    spec = store.catalog.tables.get_spec(name)
    newest = store.catalog.tables.find_version(name)
    staged = stage_rows(spec, rows, newest.columns if newest else ())
    diversion = divert_rows(spec, split_partitions(spec, staged))
    around = around_commit(store, spec, newest)
    history, taught = store.catalog.tables.profiles(name), learned_feedback(store, spec)
    judged = judge(spec, diversion.kept, history, now=store.clock(), around=around, feedback=taught)
    return tuple(tell_diversion(each, diversion) for each in judged)


def check_newest(store: Store, name: str) -> tuple[Judgement, ...]:
    """What the checks say now of the partitions of the newest commit, by the history before them."""
    spec = store.catalog.tables.get_spec(name)
    commit = get_version(store, name)
    files = store.catalog.tables.files(name, commit.version or 0)
    batch = list(StoredPartitions(store, (file for file in files if file.partition in commit.partitions)))
    before = [each for each in store.catalog.tables.profiles(name) if each.partition not in commit.partitions]
    around = around_commit(store, spec, commit, replaced=commit.partitions)
    taught = learned_feedback(store, spec)
    return judge(spec, batch, before, now=store.clock(), around=around, feedback=taught)


def replay_table(store: Store, name: str, *, last: int | None = None) -> Replay:
    """The table's published past: its newest `last` partitions, oldest first; all of them by default.

    Rows are read when they are judged, so memory holds a few partitions at a time.
    """
    spec = store.catalog.tables.get_spec(name)
    files = store.catalog.tables.files(name, get_version(store, name).version or 0)

    def around(part: Partition) -> TableSurroundings:
        return TableSurroundings(store, spec, lambda: [file for file in files if file.partition < part.name])

    parts = StoredPartitions(store, files, last)
    return Replay(spec, parts, store.clock(), around, learned_feedback(store, spec))


class StoredPartitions:
    """The partitions in these files, in their order, each read when it is asked for; the last few are remembered."""

    def __init__(self, store: Store, files: Iterable[DataFile], last: int | None = None) -> None:
        self._files: dict[str, list[DataFile]] = {}
        for file in files:
            self._files.setdefault(file.partition, []).append(file)
        names = sorted(self._files)
        self._names = names if last is None else names[-last:]
        self._read = lru_cache(REMEMBERED)(lambda name: Partition(name, store.lake.scan(self._files[name]).collect()))

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, place: int) -> Partition:
        return self._read(self._names[place])

    def __iter__(self) -> Iterator[Partition]:
        return map(self._read, self._names)
