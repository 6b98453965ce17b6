"""Orders by chance, the same for the same seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PIECES, WINDOW, BUCKETS, WITHIN = range(4)  # what a stream of chance is for: two uses never share one
BUCKET = 1 << 15  # rows that fit in the processor's cache


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
        narrow = np.uint8 if buckets <= 1 << 8 else np.uint16  # a radix sort is what makes this quick
        draws = chance(seed, epoch, BUCKETS).integers(0, buckets, rows, dtype=narrow)
        wide = np.uint32 if rows < 1 << 32 else np.uint64
        self._order: NDArray[np.unsignedinteger] = np.argsort(draws, kind="stable").astype(wide)
        self._ends = np.cumsum(np.bincount(draws, minlength=buckets), dtype=np.int64)
        self._seed, self._epoch = seed, epoch

    def __getitem__(self, wanted: slice) -> NDArray[np.unsignedinteger]:
        """The rows at these places of the order."""
        first, last = int(wanted.start), int(wanted.stop)
        if first >= last:
            return self._order[:0]
        low = int(np.searchsorted(self._ends, first, side="right"))
        high = int(np.searchsorted(self._ends, last, side="left"))
        begin = self._begin(low)
        parts = [self._bucket(number) for number in range(low, high + 1)]
        return np.concatenate(parts)[first - begin : last - begin]

    def cut(self, first: int, last: int, rows: int) -> Iterator[tuple[int, int]]:
        """The places [first, last) in stretches of `rows` or somewhat more, that end where a bucket does."""
        while first < last:
            bucket = int(np.searchsorted(self._ends, min(first + rows, last), side="left"))
            stop = min(int(self._ends[bucket]), last)
            yield first, stop
            first = stop

    def _begin(self, number: int) -> int:
        return int(self._ends[number - 1]) if number else 0

    def _bucket(self, number: int) -> NDArray[np.unsignedinteger]:
        rows = self._order[self._begin(number) : int(self._ends[number])]
        return chance(self._seed, self._epoch, WITHIN, number).permutation(rows)
