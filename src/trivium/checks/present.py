"""The values of a large column that are there, read a stretch at a time, so that it is never copied as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

BLOCK = 16_384
CHUNK = 500_000
MOST_EXACT = 300_000

Convert = Callable[[pl.Series], pl.Series]


class Present:
    """A column without its nulls. convert: what is done to each stretch of values that is read.

    Stretches are the same as those of `values.drop_nulls()`, of which no copy is made.
    """

    def __init__(self, values: pl.Series, convert: Convert | None = None) -> None:
        self.values = values
        self.convert = convert
        self._there: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None
        if values.null_count():
            blocks = (values.slice(first, BLOCK) for first in range(0, len(values), BLOCK))
            self._there = np.cumsum([0, *(len(block) - block.null_count() for block in blocks)], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.values) - self.values.null_count()

    def converted(self, convert: Convert) -> Present:
        """The same values, converted as they are read."""
        return Present(self.values, convert)

    def slice(self, first: int, rows: int) -> pl.Series:
        """At most so many values from the first one on."""
        found = self._slice(first, rows)
        return found if self.convert is None else self.convert(found)

    def _slice(self, first: int, rows: int) -> pl.Series:
        if self._there is None:
            return self.values.slice(first, rows)
        begin = int(np.searchsorted(self._there, first, "right")) - 1
        end = int(np.searchsorted(self._there, first + rows, "left"))
        near = self.values.slice(begin * BLOCK, (end - begin) * BLOCK).drop_nulls()
        return near.slice(first - int(self._there[begin]), rows)

    def chunks(self) -> Iterator[pl.Series]:
        """All values, half a million at a time."""
        return (self.slice(first, CHUNK) for first in range(0, len(self), CHUNK))

    def about_distinct(self) -> float:
        """How many different values there are, within about 2 %; the same each time."""
        about = _sketched(self.values)
        if self._there is None and self.convert is None:
            return about
        # A null counts as a value, which only matters where values are few: then each of them is counted once.
        few = None if self.convert is None and about > MOST_EXACT else self._distinct()
        return about if few is None else _sketched(few)

    def _distinct(self) -> pl.Series:
        found = self.slice(0, 0)
        for chunk in self.chunks():
            found = pl.concat([found, chunk.unique()]).unique()
        return found


def _sketched(values: pl.Series) -> float:
    return float(values.to_frame().select(pl.first().approx_n_unique()).item())
