"""Batches of a version's rows for training: larger than memory, in an order by chance that a seed repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, tee
from typing import Any, Unpack

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.loading.block import Block, Rows, cut_batches
from trivium.tables.loading.forked import read_matrix
from trivium.tables.loading.manner import BatchOptions, Manner, check_manner
from trivium.tables.loading.matrix import Memory, check_numbers, frame_of_matrix, matrix_of
from trivium.tables.loading.pieces import (
    NATURAL,
    Piece,
    Span,
    count_batches,
    group_spans,
    skip_blocks,
    take_spans,
    wrap,
)
from trivium.tables.loading.read_ahead import read_ahead
from trivium.tables.loading.row_cache import RowCache, get_row_cache
from trivium.tables.loading.row_source import RowSource, find_pieces, open_source
from trivium.tables.loading.shard import Shard, check_shard, share_of
from trivium.tables.loading.shuffle import ALL, PIECES, WINDOW, chance, shuffled
from trivium.tables.loading.torch_import import import_torch

BLOCK_ROWS = 1 << 17
PIECES_OF_WINDOW = 4
READERS = 1  # the engine that reads has threads of its own
REMEDY = "leave it out of columns=, make it a number in apply= or in the table, or take as_='polars'."
REMEDY_FULL = (
    "leave it out of columns=, make it a number in the table, or say shuffle='window', which takes any column."
)


class Prepared(Struct, frozen=True):
    """A version ready to be loaded in any epoch and shard: plain data, but for the source, which pickles itself."""

    source: RowSource
    pieces: tuple[Piece, ...]
    manner: Manner
    cache: RowCache | None

    @property
    def rows(self) -> int:
        """How many rows an epoch has."""
        return sum(piece.matching for piece in self.pieces)


class Batches:
    """The batches of one shard in one epoch. Each `iter()` begins at the same first batch; `len()` is their number."""

    def __init__(self, prepared: Prepared, epoch: int, shard: Shard, start: int = 0) -> None:
        self.prepared = prepared
        self.manner = prepared.manner
        self.epoch = epoch
        self.shard = check_shard(shard)
        self.start = start
        first, last = share_of(prepared.rows, shard, even=self.manner.even, drop_last=self.manner.drop_last)
        self._rows = last - first
        self._first = min(first + start * self.manner.size, last)
        self._share = first, last
        if min(start, epoch) < 0:
            raise Misuse(f"start={start} and epoch={epoch} count from 0.")

    def __len__(self) -> int:
        total = (
            count_batches(self._rows, self.manner.size, drop_last=self.manner.drop_last) if self.prepared.rows else 0
        )
        return max(total - self.start, 0)

    def __iter__(self) -> Iterator[Any]:
        if self.prepared.source.is_forked and (self.manner.apply is not None or self.manner.as_ == "polars"):
            raise Misuse(
                "Polars does not work in a forked process, and apply= and as_='polars' need it: say "
                "DataLoader(..., multiprocessing_context='forkserver'), or load without workers."
            )
        blocks = self._cached_blocks() if self.prepared.cache else self._read_blocks()
        for rows in cut_batches(blocks, self.manner.size, drop_last=self.manner.drop_last):
            yield finish_rows(self.prepared, rows)

    def _read_blocks(self) -> Iterator[Block]:
        spans = (
            span
            for begin, end in wrap(*self._share, self.prepared.rows)
            for span in take_spans(self._order_pieces(), begin, end)
        )
        blocks = group_spans(spans, self.manner.window if self.manner.shuffle else BLOCK_ROWS)
        left, ahead = tee(skip_blocks(blocks, self._first - self._share[0]))
        # Rows that are shuffled are copied into their batch, so a window's place is free when the next but one is read.
        places = cycle([Memory() for _ in range(READERS + 1)] if self.manner.shuffle else [None])
        jobs = (partial(_read, self.prepared, spans, next(places)) for _, _, spans in ahead)
        orders = ((self._order_rows(number, spans), skip) for number, skip, spans in left)
        # The order comes first: it is made while the rows are still being read.
        for (order, skip), rows in zip(orders, read_ahead(jobs, threads=READERS), strict=True):
            yield Block(rows, order, skip)

    def _order_pieces(self) -> Sequence[Piece]:
        if self.manner.shuffle is None:
            return self.prepared.pieces
        order = shuffled(len(self.prepared.pieces), chance(self.manner.seed, self.epoch, PIECES))
        return [self.prepared.pieces[at] for at in order]

    def _order_rows(self, number: int, spans: Sequence[Span]) -> NDArray[np.int64] | None:
        if self.manner.shuffle is None:
            return None
        rows = sum(span.rows for span in spans)
        return shuffled(rows, chance(self.manner.seed, self.epoch, WINDOW, self.shard.index, number))

    def _cached_blocks(self) -> Iterator[Block]:
        assert self.prepared.cache is not None  # noqa: S101 # the caller looked
        matrix = self.prepared.cache.map()
        order = shuffled(self.prepared.rows, chance(self.manner.seed, self.epoch, ALL))
        for first, last in wrap(self._first, self._share[1], self.prepared.rows):
            yield Block(matrix, order[first:last])


def load_batches(store: Store, name: str, version: int | None = None, **options: Unpack[BatchOptions]) -> Batches:
    """Batches of a version's rows (None: the newest; whatever is committed later, it stays this one), in flat memory.

    columns: the only ones (None: all). where: an SQL condition; rows that it is not true for are left out.
    size: rows of a batch; the last one has what is left, or is left out with `drop_last`.
    shuffle: None, rows come as they are stored. "window": pieces of the table (a partition, or about a row group of a
    large one, a quarter of a window at most) come in an order by chance, and `window` rows of them at a time are
    shuffled together; memory is that of about three windows. "full": every order of all rows is as probable as any
    other; the rows are cached as floats in `.trivium/cache` at the first use, so it takes numbers and booleans only.
    seed, epoch: the same pair gives the same order; count epochs up.
    rank of world, worker of workers: which shard this is. Each row is in one shard, once an epoch, and shards have as
    many batches or one less. even: as many exactly, for training in step; then up to a row for each shard comes twice,
    or with `drop_last` is left out.
    start: so many batches are left out at the beginning, without reading what can be passed over.
    apply: what makes features of each batch, a function of a frame to a frame.
    as_: "polars", a frame in the table's types; "numpy" or "torch", a (n, columns) matrix of `precision` ("float32" or
    "float64"), null as NaN. A full shuffle went through such a matrix in any case.

    Raises NotFound without such a version; Misuse for unknown columns, columns that fit in no matrix, integers that a
    float of this precision cannot tell apart, and options that mean nothing; MissingExtra for as_="torch" without it.
    """
    epoch, start = options.pop("epoch", 0), options.pop("start", 0)
    shard = Shard(options.pop("rank", 0), options.pop("world", 1), options.pop("worker", 0), options.pop("workers", 1))
    columns, where = options.pop("columns", None), options.pop("where", None)
    manner = check_manner(Manner(**options))  # type: ignore[misc] # what is left is Manner's fields
    return Batches(
        prepare_loading(store, name, version, columns, where, manner=manner), epoch, check_shard(shard), start
    )


def prepare_loading(
    store: Store,
    name: str,
    version: int | None,
    columns: Sequence[str] | None,
    where: str | None,
    *,
    manner: Manner,
) -> Prepared:
    """The version is pinned, its wanted rows are counted, and cached for a full shuffle; see `load_batches`."""
    source = open_source(store, name, version, columns, where)
    schema = source.wanted_schema
    if manner.as_ == "torch":
        import_torch()
    if manner.shuffle == "full":
        check_numbers(schema, REMEDY_FULL)
    elif manner.as_ != "polars" and manner.apply is None:
        check_numbers(schema, REMEDY)
    windowed = manner.shuffle == "window"
    most = max(manner.window // PIECES_OF_WINDOW, 1) if windowed else NATURAL
    pieces = find_pieces(store, source, most=most, by_partition=windowed)
    cache = get_row_cache(store, source, pieces, manner.precision) if manner.shuffle == "full" else None
    return Prepared(source, pieces, manner, cache)


def finish_rows(prepared: Prepared, rows: Rows) -> Any:
    """The rows in the form that was asked for, after `apply`."""
    manner = prepared.manner
    if isinstance(rows, np.ndarray) and (manner.apply is not None or manner.as_ == "polars"):
        rows = frame_of_matrix(rows, prepared.source.wanted_schema)
    if isinstance(rows, pl.DataFrame) and manner.apply is not None:
        rows = manner.apply(rows)
    if manner.as_ == "polars":
        return rows
    if isinstance(rows, pl.DataFrame):
        check_numbers(rows.schema, REMEDY)
        rows = matrix_of([rows], rows.shape, manner.precision)
    return import_torch().from_numpy(rows) if manner.as_ == "torch" else rows


def _read(prepared: Prepared, spans: Sequence[Span], memory: Memory | None) -> Rows:
    """A block's rows, as a matrix when nothing needs them as a frame."""
    source, manner = prepared.source, prepared.manner
    if source.is_forked:
        return read_matrix(source, spans, manner.precision)
    parts = source.read(spans)
    if manner.apply is not None or manner.as_ == "polars":
        return pl.concat(parts, rechunk=True)
    shape = sum(span.rows for span in spans), len(source.version.columns)
    return matrix_of(parts, shape, manner.precision, memory)
