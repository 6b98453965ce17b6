"""Orders by chance, the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIECES, WINDOW, ALL = range(3)  # what a stream of chance is for: two uses never share one


def chance(seed: int, epoch: int, *use: int) -> np.random.Generator:
    """The random numbers for one use in one epoch."""
    return np.random.Generator(np.random.SFC64([seed, epoch, *use]))


def shuffled(rows: int, chances: np.random.Generator) -> NDArray[np.int64]:
    """The numbers 0 to `rows` in an order by chance, each order as probable as any other; eight bytes a row.

    Each row draws a number, and numbers are sorted with the row in their low bits: where processors sort several at a
    time, that is thrice as quick as swapping rows all over memory. Rows that draw the same number keep their order; a
    million rows have such a pair with a probability of 3 in 100.
    """
    bits = np.uint64(max(rows - 1, 1).bit_length())
    drawn = chances.integers(0, 1 << 64, rows, dtype=np.uint64)
    drawn >>= bits
    drawn <<= bits
    drawn |= np.arange(rows, dtype=np.uint64)
    drawn.sort()
    drawn &= (np.uint64(1) << bits) - np.uint64(1)
    return drawn.view(np.int64)
