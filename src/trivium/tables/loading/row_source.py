"""The rows of one version by their position, with the columns and the condition that loading asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import polars as pl
from msgspec import Struct

from trivium.checks.expression import Expression
from trivium.checks.mask import mask_rows
from trivium.digest import digest_of
from trivium.errors import Misuse
from trivium.ids import new_id
from trivium.settings import Settings
from trivium.store.lake import Lake
from trivium.store.storages import open_storage
from trivium.store.store import Store
from trivium.tables.delete import condition
from trivium.tables.loading.pieces import Piece, Span, cut_pieces
from trivium.tables.read import get_readable, read_version
from trivium.values.tables import DataFile


class Version(Struct, frozen=True):
    """What is loaded, as plain data. `digest` is the version's content; `where` is None for every row."""

    table: str
    version: int
    digest: str
    files: tuple[DataFile, ...]
    columns: tuple[str, ...]
    where: Expression | None = None

    @property
    def rows(self) -> int:
        """How many rows the version has, wanted or not."""
        return sum(file.rows for file in self.files)


class RowSource:
    """Reads ranges of a version's rows. It is pickled without its store, and opens one of its own where it arrives."""

    def __init__(self, settings: Settings, version: Version, schema: dict[str, pl.DataType], lake: Lake) -> None:
        self.settings = settings
        self.version = version
        self.schema = schema
        self._lake: Lake | None = lake
        self._process = os.getpid()
        self._ends = np.cumsum([file.rows for file in version.files], dtype=np.int64)

    @property
    def wanted_schema(self) -> dict[str, pl.DataType]:
        """The columns that were asked for, in that order, with their types."""
        return {name: self.schema[name] for name in self.version.columns}

    @property
    def is_forked(self) -> bool:
        """Whether this process was forked since, so that polars cannot be used in it: its threads are not here."""
        return self._process != os.getpid()

    @property
    def lake(self) -> Lake:
        """The rows' files, through connections that no other process has."""
        if self._lake is None or self.is_forked:
            return Lake(open_storage(self.settings, "tables"), ids=new_id)
        return self._lake

    def read(self, spans: Sequence[Span]) -> Iterator[pl.DataFrame]:
        """The wanted rows of these spans, in their order; those that follow each other are read in one go."""
        if self.version.where is None:
            return (self._scan(start, stop).collect() for start, stop in ranges_of(spans))
        return (self._wanted(span.piece)[span.first : span.last] for span in spans)

    def count(self, start: int, stop: int) -> int:
        """How many of the rows [start, stop) the condition is true for; only its columns are read."""
        where = self.version.where
        if where is None:
            return stop - start
        named = {name.lower() for name in where.columns}
        columns = [name for name in self.schema if name.lower() in named]
        return int(mask_rows(where, self._scan(start, stop, columns).collect()).sum())

    def files_of(self, start: int, stop: int) -> Iterator[tuple[DataFile, int, int]]:
        """(file, first, last) of the files that hold the rows [start, stop), counted from each file's start."""
        at = int(np.searchsorted(self._ends, start, side="right"))
        while start < stop:
            file = self.version.files[at]
            begin = int(self._ends[at]) - file.rows
            last = min(stop, int(self._ends[at]))
            yield file, start - begin, last - begin
            start = last
            at += 1

    def _wanted(self, piece: Piece) -> pl.DataFrame:
        assert self.version.where is not None  # noqa: S101 # callers looked
        rows = self._scan(piece.start, piece.stop, list(self.schema)).collect()
        return rows.filter(mask_rows(self.version.where, rows)).select(self.version.columns)

    def _scan(self, start: int, stop: int, columns: Sequence[str] | None = None) -> pl.LazyFrame:
        held = list(self.files_of(start, stop))
        rows = self.lake.scan([file for file, _, _ in held], list(self.schema))
        have = rows.collect_schema()
        wanted = self.version.columns if columns is None else columns
        # Engines leave out what they need not decode when the slice stands right on the files.
        return rows.slice(held[0][1], stop - start).select([self._column(name, have.get(name)) for name in wanted])

    def _column(self, name: str, have: pl.DataType | None) -> pl.Expr:
        """The column in the version's type, also where these files have a narrower one or do not have it."""
        wanted = self.schema[name]
        if have is None:
            return pl.lit(None, dtype=wanted).alias(name)
        return pl.col(name) if have == wanted else pl.col(name).cast(wanted)

    def __getstate__(self) -> dict[str, object]:
        return {"settings": self.settings, "version": self.version, "schema": self.schema}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lake = None
        self._process = os.getpid()
        self._ends = np.cumsum([file.rows for file in self.version.files], dtype=np.int64)


class MatchCounts:
    """How many wanted rows each piece has, by content, condition and cut; counted once while a store is open."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, tuple[tuple[int, int], ...]], tuple[Piece, ...]] = {}


def open_source(
    store: Store, name: str, version: int | None, columns: Sequence[str] | None, where: str | None
) -> RowSource:
    """The rows of this version (None: the newest). Raises NotFound, and Misuse for columns that it does not have."""
    commit = get_readable(store, name, version)
    have = [column.name for column in commit.columns]
    wanted = have if columns is None else list(columns)
    unknown = [column for column in wanted if column not in have]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        what = f"has no column {', '.join(unknown)}" if unknown else "is asked for no columns, or for one of them twice"
        raise Misuse(f"Table {name!r} {what}; it has {', '.join(have)}.")
    meant = None if where is None else condition(name, where, commit.columns)
    named = {column.lower() for column in meant.columns} if meant else set()
    looked_at = [*wanted, *(column for column in have if column.lower() in named and column not in wanted)]
    dtypes = read_version(store, name, commit.version, columns=looked_at).collect_schema()
    files = tuple(store.catalog.tables.files(name, commit.version or 0))
    digest = commit.digest or digest_of("files", [file.digest for file in files])
    what_is = Version(name, commit.version or 0, digest, files, tuple(wanted), meant)
    return RowSource(store.settings, what_is, {column: dtypes[column] for column in looked_at}, store.lake)


def find_pieces(store: Store, source: RowSource, *, most: int, by_partition: bool) -> tuple[Piece, ...]:
    """The version cut into pieces, each with its count of wanted rows.

    by_partition: pieces end where a partition does, which compaction never changes, so that an order of pieces lasts.
    Otherwise they end where a file does, which is read faster.
    """
    cut = tuple(cut_pieces(_lengths(source.version.files, by_partition=by_partition), most))
    if source.version.where is None:
        return tuple(Piece(start, stop, stop - start) for start, stop in cut)
    known = store.kept.get(MatchCounts).known
    key = (source.version.digest, source.version.where.text, cut)
    if key not in known:
        known[key] = tuple(Piece(start, stop, source.count(start, stop)) for start, stop in cut)
    return known[key]


def ranges_of(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """The positions of spans of which every row is wanted, neighbours as one range."""
    ranges: list[tuple[int, int]] = []
    for span in spans:
        start, stop = span.piece.start + span.first, span.piece.start + span.last
        if ranges and ranges[-1][1] == start:
            ranges[-1] = (ranges[-1][0], stop)
        else:
            ranges.append((start, stop))
    return ranges


def _lengths(files: Sequence[DataFile], *, by_partition: bool) -> list[int]:
    if not by_partition:
        return [file.rows for file in files]
    return [sum(file.rows for file in group) for _, group in groupby(files, key=lambda file: file.partition)]
