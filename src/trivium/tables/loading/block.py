"""Blocks of rows in memory, and the batches that are cut from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias, cast

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from trivium.tables.loading.matrix import Matrix

Rows: TypeAlias = pl.DataFrame | Matrix


class Block(Struct, frozen=True):
    """Rows in memory, the order to take them in (None: as they are), and how many of them were taken before."""

    rows: Rows
    order: NDArray[np.integer[Any]] | None = None
    taken: int = 0

    def take(self, first: int, last: int) -> Rows:
        """The rows [first, last) of the order."""
        if self.order is None:
            return self.rows[first:last]
        if isinstance(self.rows, pl.DataFrame):
            return self.rows[self.order[first:last]]
        return np.take(self.rows, self.order[first:last], axis=0, mode="clip")  # "clip" is what numpy is quick at


def cut_batches(blocks: Iterator[Block], size: int, *, drop_last: bool) -> Iterator[Rows]:
    """The blocks' rows, `size` at a time; the last batch has what is left."""
    parts: list[Rows] = []
    have = 0
    for block in blocks:
        height = len(block.rows if block.order is None else block.order)
        bounds = [block.taken, *range(block.taken + size - have, height, size), height]
        for first, last in pairwise(bounds):
            parts.append(block.take(first, last))
            have += last - first
            if have == size:
                yield join_rows(parts)
                parts, have = [], 0
    if have and not drop_last:
        yield join_rows(parts)


def join_rows(parts: Sequence[Rows]) -> Rows:
    """All of these rows, which are of one kind."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], pl.DataFrame):
        return pl.concat(cast("Sequence[pl.DataFrame]", parts))
    return np.concatenate(cast("Sequence[Matrix]", parts))
