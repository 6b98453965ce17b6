"""A small library of engineering faults, to be injected into rows on purpose.

The kinds are those that validation is measured on: what breaks in pipelines (units, case, joins, truncation), not what
nature does. Each takes the rows, the column, the rows that are hit, and a source of randomness.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hit = NDArray[np.bool_]
Fault = Callable[[pl.DataFrame, str, Hit, np.random.Generator], pl.DataFrame]
Needs = Literal["any", "number", "text", "time"]


def pick_rows(height: int, share: float, rng: np.random.Generator) -> Hit:
    """Which rows are hit, (height,): this share of them, half of the time as one block."""
    count = min(height, max(1, round(height * share)))
    hit = np.zeros(height, dtype=bool)
    if rng.random() < 0.5:
        start = int(rng.integers(0, height - count + 1))
        hit[start : start + count] = True
    else:
        hit[rng.choice(height, count, replace=False)] = True
    return hit


def replaced(rows: pl.DataFrame, column: str, hit: Hit, changed: pl.Expr) -> pl.DataFrame:
    """The rows with the column changed where hit; numbers become floats, so that every change fits."""
    value = pl.col(column).cast(pl.Float64) if rows.schema[column].is_numeric() else pl.col(column)
    return rows.with_columns(pl.when(pl.lit(pl.Series(hit))).then(changed).otherwise(value).alias(column))


def null_spike(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """Values are lost."""
    return replaced(rows, column, hit, pl.lit(None))


def unit_change(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """Another unit: times 60, times 1000, miles to kilometres, or Fahrenheit to Celsius."""
    factor, offset = ((60.0, 0.0), (1000.0, 0.0), (1.609344, 0.0), (1 / 1.8, -32 / 1.8))[int(rng.integers(0, 4))]
    return replaced(rows, column, hit, pl.col(column).cast(pl.Float64) * factor + offset)


def sign_flip(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """Plus becomes minus."""
    return replaced(rows, column, hit, -pl.col(column).cast(pl.Float64))


def constant_fill(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """A default value everywhere: 0, -1 or 999 for numbers, UNKNOWN for texts."""
    default: object = "UNKNOWN"
    if rows.schema[column].is_numeric():
        default = (0.0, -1.0, 999.0)[int(rng.integers(0, 3))]
    return replaced(rows, column, hit, pl.lit(default))


def case_change(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """The other case: lower when the texts have capitals, else upper."""
    capital = rows[column].drop_nulls().head(50).str.contains(r"\p{Lu}").any()
    text = pl.col(column).str
    return replaced(rows, column, hit, text.to_lowercase() if capital else text.to_uppercase())


def category_drop(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """The rows of the most frequent value among those hit are lost."""
    counts = rows.filter(pl.Series(hit))[column].drop_nulls().value_counts(sort=True)
    return rows.filter(pl.col(column).ne_missing(counts[column][0])) if counts.height else rows


def truncation(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """The last rows never arrived, as many as were hit (one always did)."""
    return rows.head(max(1, rows.height - int(hit.sum())))


def duplication(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """The rows that were hit arrive twice."""
    return pl.concat([rows, rows.filter(pl.Series(hit))])


def time_shift(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """Times move by some hours."""
    return replaced(rows, column, hit, pl.col(column) + pl.duration(hours=int(rng.integers(2, 9))))


def shuffle(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """Values change rows, as after a broken join."""
    order = np.arange(rows.height)
    order[hit] = rng.permutation(order[hit])
    return rows.with_columns(rows[column].gather(order))


def garbling(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """Texts are decoded wrongly: UTF-8 read as Latin-1."""
    return replaced(rows, column, hit, pl.concat_str(pl.col(column), pl.lit("Ã©")))


def removal(rows: pl.DataFrame, column: str, hit: Hit, rng: np.random.Generator) -> pl.DataFrame:
    """The column is gone."""
    return rows.drop(column)


FAULTS: dict[str, tuple[Fault, Needs]] = {
    "null_spike": (null_spike, "any"),
    "unit_change": (unit_change, "number"),
    "sign_flip": (sign_flip, "number"),
    "constant_fill": (constant_fill, "any"),
    "case_change": (case_change, "text"),
    "category_drop": (category_drop, "text"),
    "truncation": (truncation, "any"),
    "duplication": (duplication, "any"),
    "time_shift": (time_shift, "time"),
    "shuffle": (shuffle, "any"),
    "garbling": (garbling, "text"),
    "removal": (removal, "any"),
}
ROW_FAULTS = frozenset({"truncation", "duplication", "category_drop"})


def fits(dtype: pl.DataType, needs: Needs) -> bool:
    """Whether a fault can happen to a column of this type. Nested columns and booleans are left alone."""
    number, text, time = dtype.is_numeric(), dtype == pl.String, dtype.base_type() == pl.Datetime
    return {"any": number or text, "number": number, "text": text, "time": time}[needs]
