"""A version's rows cut into pieces.

Rows are told by their position in the version (0, 1, 2 ...), never by files: a compaction changes files and no
position, so that what a seed says stays true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

NATURAL = 122_880  # rows of a row group as polars writes them, about: a piece read whole is decoded once


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
