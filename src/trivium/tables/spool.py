"""Rows on their way into a table, on disk by partition: read in any order, taken in the order of event time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from trivium.frames import columns_of
from trivium.frames.mapped import map_rows
from trivium.frames.stream import Union
from trivium.store.catalog.columns import merge_columns
from trivium.tables.partition_name import WHOLE
from trivium.tables.partitioning import partition_names
from trivium.tables.staging import stage_rows
from trivium.values.tables import Column, TableSpec

MOST_ROWS = 1_000_000
MOST_CELLS = 40_000_000
MOST_BYTES = 512 << 20
MOST_PARTITIONS = 500
BATCH_ROWS = 65_536


class Stretch(NamedTuple):
    """The rows of one partition in one file of the spool."""

    file: int
    first: int
    rows: int


class Group(NamedTuple):
    """The rows of one commit: whole partitions, or the next rows of a table without event time.

    bytes: about how many they take in memory.
    """

    number: int
    partitions: tuple[str, ...]
    rows: int
    bytes: int
    stretches: tuple[Stretch, ...]


class Spool:
    """Pieces of rows go in as they come; groups of whole partitions come out, the oldest first.

    Every piece is checked against the table as it comes: its key, its event time and its types. folder: where the rows
    are set aside. columns: those that the table has. name: of the source, for messages.
    """

    def __init__(self, spec: TableSpec, folder: Path, columns: tuple[Column, ...], name: str) -> None:
        self._spec = spec
        self._folder = folder
        self._columns = columns
        self._name = name
        self._union = Union()
        self._waiting: list[pl.DataFrame] = []
        self._cells = 0
        self._sizes: list[float] = []
        self._stretches: dict[str, list[Stretch]] = {}
        self.rows = 0

    def add(self, piece: pl.DataFrame) -> None:
        """The rows are in the spool. Raises SchemaMismatch or UnsupportedValue for rows that the table cannot take."""
        if not piece.height:
            return
        staged = stage_rows(self._spec, piece, self._columns)
        merge_columns(self._spec.name, self._columns, columns_of(staged))
        if self._spec.time is not None:
            partition_names(self._spec, self._spec.time, staged)
        self._union.see(staged.schema, self._name)
        self._waiting.append(staged)
        self.rows += staged.height
        self._cells += staged.height * staged.width
        if self._full():
            self.flush()

    def _full(self) -> bool:
        if self._cells >= MOST_CELLS // 5 or sum(each.height for each in self._waiting) >= self._most_rows():
            return True
        size = sum(each.estimated_size() for each in self._waiting)
        return self._spec.time is not None and size >= MOST_BYTES // 4  # without event time a file is part of a commit

    def flush(self) -> None:
        """All rows are on disk."""
        if not self._waiting:
            return
        types = Union()
        for each in self._waiting:
            types.see(each.schema, self._name)
        rows = pl.concat([types.align(each, self._name) for each in self._waiting])
        self._waiting, self._cells = [], 0
        for partition, first, count in self._write(rows):
            self._stretches.setdefault(partition, []).append(Stretch(len(self._sizes), first, count))
        self._sizes.append(rows.estimated_size() / rows.height)

    def _write(self, rows: pl.DataFrame) -> list[tuple[str, int, int]]:
        path = self._path(len(self._sizes))
        if self._spec.time is None:
            rows.write_ipc(path, compression="lz4", record_batch_size=BATCH_ROWS)
            return [(WHOLE, 0, rows.height)]
        names = partition_names(self._spec, self._spec.time, rows)
        order = names.arg_sort()
        rows[order].write_ipc(path, compression="lz4", record_batch_size=BATCH_ROWS)
        runs = names[order].rle().struct.unnest()
        firsts = [0, *runs["len"].cum_sum().to_list()]
        return list(zip(runs["value"].to_list(), firsts, runs["len"].to_list(), strict=False))

    def _most_rows(self) -> int:
        # Without event time a commit is one partition, and the profile of one takes several times its memory.
        return MOST_ROWS if self._spec.time is not None else MOST_ROWS // 2

    def _path(self, file: int) -> Path:
        return self._folder / f"rows-{file}.arrow"

    def groups(self, *, whole: bool = False) -> Iterator[Group]:
        """Whole partitions, about a million rows, oldest first; without event time half a million rows.

        whole: all rows are one group.
        """
        self.flush()
        most = self.rows if whole else min(self._most_rows(), MOST_CELLS // max(len(self._union.types), 1))
        number, names, stretches = 0, list[str](), list[Stretch]()
        for name, stretch in self._ordered():
            full = stretches and sum(each.rows for each in stretches) + sum(each.rows for each in stretch) > most
            if full or (len(names) == MOST_PARTITIONS and not whole):
                yield self._group(number, names, stretches)
                number, names, stretches = number + 1, [], []
            names.append(name)
            stretches.extend(stretch)
        if stretches:
            yield self._group(number, names, stretches)

    def _group(self, number: int, names: Sequence[str], stretches: Sequence[Stretch]) -> Group:
        rows, size = sum(each.rows for each in stretches), sum(each.rows * self._sizes[each.file] for each in stretches)
        return Group(number, tuple(dict.fromkeys(names)), rows, round(size), _merged(stretches))

    def _ordered(self) -> Iterator[tuple[str, Sequence[Stretch]]]:
        for name in sorted(self._stretches):
            if self._spec.time is not None:
                yield name, self._stretches[name]
            else:
                yield from ((name, [each]) for each in self._stretches[name])

    def read(self, group: Group) -> pl.DataFrame:
        """The rows of a group; those of a large one stay on disk, see `map_rows`.

        Raises UnsupportedValue where a column's type does not hold its values.
        """
        parts = []
        for number, stretch in enumerate(group.stretches):
            rows = pl.scan_ipc(self._path(stretch.file)).slice(stretch.first, stretch.rows).collect()
            rows = self._union.align(rows, self._name)
            large = group.bytes > MOST_BYTES
            parts.append(map_rows(rows, self._folder / f"mapped-{number}.arrow") if large else rows)
        return pl.concat(parts)

    def check(self) -> None:
        """Raises UnsupportedValue when a column that came in several types cannot be one of them."""
        self.flush()
        for file in range(len(self._sizes)):
            rows = pl.scan_ipc(self._path(file))
            unlike = [name for name, dtype in rows.collect_schema().items() if dtype != self._union.types[name]]
            if unlike:
                self._union.align(rows.select(unlike).collect(), self._name)


def _merged(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """The same rows in as few stretches as can be: a file has its partitions in order, so those of a group are one."""
    merged: list[Stretch] = []
    for each in sorted(stretches):
        last = merged[-1] if merged else None
        if last and (last.file, last.first + last.rows) == (each.file, each.first):
            merged[-1] = Stretch(last.file, last.first, last.rows + each.rows)
        else:
            merged.append(each)
    return tuple(merged)
