"""What a fault is: a way to break rows on purpose, as pipelines break them and nature does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

Hit = NDArray[np.bool_]
Needs = Literal["rows", "any", "number", "text", "category", "time"]
SEVERITIES = {"blatant": (0.5, 1.0), "moderate": (0.1, 0.3), "subtle": (0.03, 0.05)}
MOST_LEVELS = 100
REPEATS = 0.5


class Target(Struct, frozen=True):
    """What is broken. columns: at least one, unless the fault needs none. hit: (rows,), the rows that are hit.

    older: the rows of a partition one to seven before; none for faults that need no past. rng: a fault draws its
    parameters from it before anything that depends on the number of rows, so that the same seed breaks the next
    partition in the same way.
    """

    rows: pl.DataFrame
    columns: tuple[str, ...]
    hit: Hit
    older: pl.DataFrame
    rng: np.random.Generator

    @property
    def column(self) -> str:
        """The first column."""
        return self.columns[0]

    @property
    def values(self) -> pl.Series:
        """The values of the first column."""
        return self.rows[self.column]

    def pick(self, *choices: str) -> str:
        """One of these words, at random."""
        return choices[int(self.rng.integers(0, len(choices)))]

    def draw(self, *choices: float) -> float:
        """One of these numbers, at random."""
        return choices[int(self.rng.integers(0, len(choices)))]


Inject = Callable[[Target], pl.DataFrame]


class Fault(Struct, frozen=True):
    """A kind of fault. needs: what a column must be to have it. most: how many columns are damaged at once, at most.

    fewest: how many columns it takes at least. of_rows: rows are lost, doubled or foreign, so no column is to blame
    and any alert counts. past: it needs an older partition.
    """

    inject: Inject
    needs: Needs
    most: int = 1
    fewest: int = 1
    of_rows: bool = False
    past: bool = False


def pick_rows(height: int, share: float, rng: np.random.Generator) -> Hit:
    """Which rows are hit, (height,): this share of them, half of the time as one block."""
    block, start = rng.random() < 0.5, rng.random()
    count = min(height, max(1, round(height * share)))
    hit = np.zeros(height, dtype=bool)
    if block:
        first = int(start * (height - count + 1))
        hit[first : first + count] = True
    else:
        hit[rng.choice(height, count, replace=False)] = True
    return hit


def replaced(target: Target, changed: pl.Expr, column: str | None = None) -> pl.DataFrame:
    """The rows with the column changed where hit. Its type stays: whole numbers are rounded, as a loader would."""
    name = column or target.column
    dtype = target.rows.schema[name]
    fitting = changed.round().cast(dtype, strict=False) if dtype.is_integer() else changed.cast(dtype, strict=False)
    return target.rows.with_columns(pl.when(pl.Series(target.hit)).then(fitting).otherwise(pl.col(name)).alias(name))


def number(target: Target) -> pl.Expr:
    """The first column as a float, to be computed with."""
    return pl.col(target.column).cast(pl.Float64)


def fits(values: pl.Series, needs: Needs) -> bool:
    """Whether a fault can happen to this column; nested values and booleans are left alone.

    A category is a text whose values repeat: at most 100 of them, and fewer than half as many as rows.
    """
    dtype = values.dtype
    numeric, text, time = dtype.is_numeric(), dtype == pl.String, dtype.base_type() in (pl.Datetime, pl.Date)
    if needs == "category":
        return text and 1 < values.drop_nulls().n_unique() <= min(MOST_LEVELS, REPEATS * len(values))
    return {"rows": False, "any": numeric or text or time, "number": numeric, "text": text, "time": time}[needs]
