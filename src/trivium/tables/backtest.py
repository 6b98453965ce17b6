"""What today's checks say of rows: of a table's newest commit, of rows that are not committed, of its whole past."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from trivium.checks.diversion import divert_rows, tell_diversion
from trivium.checks.history import History
from trivium.checks.judge import judge, judge_partition
from trivium.checks.partition import Partition
from trivium.store.store import Store
from trivium.tables.partitioning import split_partitions
from trivium.tables.read import get_version
from trivium.tables.staging import stage_rows
from trivium.tables.surroundings import TableSurroundings, around_commit
from trivium.values.alerts import Judgement
from trivium.values.tables import DataFile, TableSpec


def check_rows(store: Store, name: str, rows: pl.DataFrame) -> tuple[Judgement, ...]:
    """What a commit of these rows would be told. Nothing is committed or recorded."""
    spec = store.catalog.tables.get_spec(name)
    newest = store.catalog.tables.find_version(name)
    staged = stage_rows(spec, rows, newest.columns if newest else ())
    diversion = divert_rows(spec, split_partitions(spec, staged))
    around = around_commit(store, spec, newest)
    judged = judge(spec, diversion.kept, store.catalog.tables.profiles(name), now=store.clock(), around=around)
    return tuple(tell_diversion(each, diversion) for each in judged)


def check_newest(store: Store, name: str) -> tuple[Judgement, ...]:
    """What the checks say now of the partitions of the newest commit, by the history before them."""
    spec = store.catalog.tables.get_spec(name)
    commit = get_version(store, name)
    batch = list(_partitions(store, spec, commit.version or 0, only=commit.partitions))
    before = [each for each in store.catalog.tables.profiles(name) if each.partition not in commit.partitions]
    around = around_commit(store, spec, commit, replaced=commit.partitions)
    return judge(spec, batch, before, now=store.clock(), around=around)


def backtest_table(store: Store, name: str) -> Iterator[Judgement]:
    """What today's checks would have said of each published partition, oldest first, each by those before it.

    Every partition counts as history for the next, also one that would have been kept aside: it was published.
    Freshness is not judged, for it is about now.
    """
    spec = store.catalog.tables.get_spec(name)
    history, version = History(), get_version(store, name).version or 0
    files = store.catalog.tables.files(name, version)
    for part in _partitions(store, spec, version):
        before = [file for file in files if file.partition < part.name]
        around = TableSurroundings(store, spec, partial(list, before))
        judgement = judge_partition(spec, part, history, now=store.clock(), newest=False, around=around)
        yield judgement
        history = history.extended(judgement.profile)


def _partitions(
    store: Store, spec: TableSpec, version: int, only: tuple[str, ...] | None = None
) -> Iterator[Partition]:
    files: dict[str, list[DataFile]] = {}
    for file in store.catalog.tables.files(spec.name, version):
        if only is None or file.partition in only:
            files.setdefault(file.partition, []).append(file)
    for partition in sorted(files):
        yield Partition(partition, store.lake.scan(files[partition]).collect())
