"""A version's rows cut into pieces, and a shard's share of them.

Rows are told by their position in the version (0, 1, 2 ...), never by files: a compaction changes files and no
position, so that what a seed says stays true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trivium.errors import Misuse

NATURAL = 122_880  # rows of a row group as polars writes them, about: a piece read whole is decoded once


class Shard(Struct, frozen=True):
    """Which reader of how many this is: worker `worker` of `workers` in process `rank` of `world`."""

    rank: int = 0
    world: int = 1
    worker: int = 0
    workers: int = 1

    @property
    def index(self) -> int:
        """The shard's place among all, from 0."""
        return self.rank * self.workers + self.worker

    @property
    def count(self) -> int:
        """How many shards there are."""
        return self.world * self.workers


class Piece(Struct, frozen=True):
    """Neighbouring rows [start, stop) of a version, of which `matching` are wanted."""

    start: int
    stop: int
    matching: int


class Span(Struct, frozen=True):
    """The wanted rows [first, last) of a piece, counted among its wanted rows."""

    piece: Piece
    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return self.last - self.first


def check_shard(shard: Shard) -> Shard:
    """The shard itself. Raises Misuse when it is none of its number."""
    if not (0 <= shard.rank < shard.world and 0 <= shard.worker < shard.workers):
        raise Misuse(
            f"Rank {shard.rank} of {shard.world} with worker {shard.worker} of {shard.workers} is no shard: ranks and "
            "workers count from 0 and are fewer than their number."
        )
    return shard


def cut_pieces(lengths: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Rows [start, stop) that follow each other, none across the end of a length, none of more than `most` rows.

    A length is cut evenly. From `NATURAL` on, a piece is what polars makes a row group: up to half larger or smaller.
    """
    pieces = []
    start = 0
    for length in lengths:
        count = max(round(length / NATURAL) if most >= NATURAL else -(-length // most), 1)
        bounds = [start + length * at // count for at in range(count + 1)]
        pieces += [(low, high) for low, high in pairwise(bounds) if low < high]
        start += length
    return pieces


def share_of(total: int, shard: Shard, *, even: bool, drop_last: bool) -> tuple[int, int]:
    """The rows [first, last) of an epoch that are this shard's; the shards before it have as many or one more.

    even: all have as many. Then the first rows come a second time at the end of the last shards (positions from `total`
    on), or, with `drop_last`, up to a row for each shard is left out.
    """
    whole, more = divmod(total, shard.count)
    if even:
        each = whole if drop_last or not more else whole + 1
        return shard.index * each, (shard.index + 1) * each
    first = shard.index * whole + min(shard.index, more)
    return first, first + whole + (shard.index < more)


def count_batches(rows: int, size: int, *, drop_last: bool) -> int:
    """How many batches so many rows make."""
    return rows // size if drop_last else -(-rows // size)


def wrap(first: int, last: int, total: int) -> Iterator[tuple[int, int]]:
    """The positions [first, last) as stretches of 0 to `total`, beginning again where they are past its end."""
    while first < last and total:
        start = first % total
        stop = min(start + last - first, total)
        yield start, stop
        first += stop - start


def take_spans(pieces: Sequence[Piece], first: int, last: int) -> Iterator[Span]:
    """The wanted rows [first, last) of these pieces, one after the other."""
    ends = np.cumsum([piece.matching for piece in pieces], dtype=np.int64)
    at = int(np.searchsorted(ends, first, side="right"))
    while first < last and at < len(pieces):
        begin = int(ends[at]) - pieces[at].matching
        stop = min(last, int(ends[at]))
        if stop > first:
            yield Span(pieces[at], first - begin, stop - begin)
        first = max(first, stop)
        at += 1


def group_spans(spans: Iterator[Span], rows: int) -> Iterator[list[Span]]:
    """Spans that follow each other, together until they have `rows` rows or more."""
    block: list[Span] = []
    have = 0
    for span in spans:
        block.append(span)
        have += span.rows
        if have >= rows:
            yield block
            block, have = [], 0
    if block:
        yield block


def skip_blocks(blocks: Iterator[list[Span]], rows: int) -> Iterator[tuple[int, int, list[Span]]]:
    """(number, rows to leave out, block) of the blocks that are left after `rows` rows were taken."""
    for number, block in enumerate(blocks):
        have = sum(span.rows for span in block)
        if have > rows:
            yield number, rows, block
        rows = max(rows - have, 0)


def positions_of(spans: Sequence[Span]) -> NDArray[np.int64]:
    """Where each span starts in a block of them, and where the last one ends."""
    return np.cumsum([0, *(span.rows for span in spans)], dtype=np.int64)
