"""The other tables and the own past, for the checks that look beyond a partition."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from functools import partial
from typing import Self

import polars as pl

from trivium.checks.partition import Partition
from trivium.frames import dtype_of
from trivium.store.store import Store
from trivium.values.tables import Commit, DataFile, TableSpec


class TableSurroundings:
    """Implements `Surroundings` over a store; nothing is read before a check asks.

    stays: the own table's files that stay when the commit is published.
    """

    def __init__(self, store: Store, spec: TableSpec, stays: Callable[[], Sequence[DataFile]]) -> None:
        self.own = spec.name
        self.parts: tuple[Partition, ...] = ()
        self._store = store
        self._spec = spec
        self._stays = stays

    def find_spec(self, table: str) -> TableSpec | None:
        return self._spec if table == self.own else self._store.catalog.tables.find_spec(table)

    def find_version(self, table: str, version: int | None = None) -> int | None:
        found = self._find(table, version)
        return None if found is None else found.version

    def scan(self, table: str, version: int | None = None) -> pl.LazyFrame:
        found = self._find(table, version)
        files = self._stays() if table == self.own and version is None else self._files(table, found)
        columns = found.columns if found is not None else ()
        if not files:
            return pl.LazyFrame(schema={column.name: dtype_of(column.type) for column in columns})
        return self._store.lake.scan(files, [column.name for column in columns])

    def paths(self, table: str) -> list[str]:
        files = self._stays() if table == self.own else self._files(table, self._find(table, None))
        return self._store.lake.local_paths(files)

    def past(self, partition: str, last: int, *, with_own: bool = False) -> tuple[Sequence[str], pl.LazyFrame]:
        files = list(self._stays())
        if self._spec.time is not None:
            named = sorted({file.partition for file in files} | {part.name for part in self.parts})
            names = [name for name in named if name < partition][-last:]
            names += [name for name in named if with_own and name == partition]
        else:
            names = sorted({file.partition for file in files})
        wanted = [file for file in files if file.partition in names]
        frames = [self._store.lake.scan(wanted)] if wanted else []
        frames += [part.rows.lazy() for part in self.parts if part.name in names]
        return names, pl.concat(frames, how="diagonal_relaxed") if frames else pl.LazyFrame()

    def extended(self, part: Partition) -> Self:
        more = copy(self)
        more.parts = (*self.parts, part)
        return more

    def _find(self, table: str, version: int | None) -> Commit | None:
        found = self._store.catalog.tables.find_version(table, version)
        return None if found is None or found.collected_at is not None else found

    def _files(self, table: str, commit: Commit | None) -> list[DataFile]:
        if commit is None or commit.version is None:
            return []
        return self._store.catalog.tables.files(table, commit.version)


def around_commit(
    store: Store, spec: TableSpec, newest: Commit | None, *, replaced: Collection[str] = ()
) -> TableSurroundings:
    """What is around a commit to this table. replaced: the partitions whose rows it replaces."""
    return TableSurroundings(store, spec, partial(_staying, store, spec.name, newest, frozenset(replaced)))


def _staying(store: Store, table: str, newest: Commit | None, replaced: frozenset[str]) -> list[DataFile]:
    if newest is None or newest.version is None:
        return []
    return [file for file in store.catalog.tables.files(table, newest.version) if file.partition not in replaced]
