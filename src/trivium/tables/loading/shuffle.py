"""Orders by chance, the same for the same seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.uint32] | NDArray[np.int64]

PIECES, WINDOW, BUCKETS, WITHIN = range(4)  # what a stream of chance is for: two uses never share one
BUCKET = 1 << 15  # rows that fit in the processor's cache
STRETCHES = 64


def chance(seed: int, epoch: int, *use: int) -> np.random.Generator:
    """The random numbers for one use in one epoch."""
    return np.random.Generator(np.random.SFC64([seed, epoch, *use]))


class UniformOrder:
    """Every order of `rows` rows with the same probability, made where it is asked for.

    Each row draws one of many buckets, and each bucket is shuffled on its own when it is needed, within the processor's
    cache. The result is exactly uniform (Rao 1961, "Generation of random permutations of given number of elements using
    random sampling numbers"; Sandelius 1962, "A simple randomization procedure"). It holds four bytes a row, eight
    from 2^32 rows on. bucket: about so many rows are in each.
    """

    def __init__(self, rows: int, seed: int, epoch: int, *, bucket: int = BUCKET) -> None:
        buckets = min(max(rows // bucket, 1), 1 << 16)
        step = max(bucket * 4, -(-rows // STRETCHES), 1)
        chances = chance(seed, epoch, BUCKETS)
        # Stretches of rows, each sorted by bucket, with where each bucket starts in it.
        self._stretches = [_draw(chances, at, min(at + step, rows), buckets) for at in range(0, rows, step)]
        sizes = [np.diff(starts) for _, starts in self._stretches]
        self._ends = np.cumsum(np.sum([np.zeros(buckets, np.int64), *sizes], axis=0))
        self._seed, self._epoch = seed, epoch

    def take(self, first: int, last: int) -> NDArray[np.int64]:
        """The rows at the places [first, last) of the order."""
        if first >= last:
            return np.empty(0, np.int64)
        low = int(np.searchsorted(self._ends, first, side="right"))
        high = int(np.searchsorted(self._ends, last, side="left"))
        begin = int(self._ends[low - 1]) if low else 0
        return np.concatenate([self._bucket(number) for number in range(low, high + 1)])[first - begin : last - begin]

    def cut(self, first: int, last: int, rows: int) -> Iterator[tuple[int, int]]:
        """The places [first, last) in stretches of `rows` or somewhat more, that end where a bucket does."""
        while first < last:
            bucket = int(np.searchsorted(self._ends, min(first + rows, last), side="left"))
            stop = min(int(self._ends[bucket]), last)
            yield first, stop
            first = stop

    def _bucket(self, number: int) -> NDArray[np.int64]:
        held = np.concatenate([rows[starts[number] : starts[number + 1]] for rows, starts in self._stretches])
        return chance(self._seed, self._epoch, WITHIN, number).permutation(held.astype(np.int64))


def _draw(chances: np.random.Generator, first: int, last: int, buckets: int) -> tuple[Rows, NDArray[np.int64]]:
    """The rows [first, last) sorted by the bucket that each draws, and where each bucket starts, the end included."""
    narrow = np.uint8 if buckets <= 1 << 8 else np.uint16  # numpy sorts these by radix
    draws = chances.integers(0, buckets, last - first, dtype=narrow)
    rows = np.argsort(draws, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(draws, minlength=buckets))])
    rows += first
    return rows.astype(np.uint32) if last < 1 << 32 else rows, starts
