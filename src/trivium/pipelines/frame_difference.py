"""Where two frames differ: which columns, how many rows, by how much, or only in the order of the rows."""

from __future__ import annotations

import polars as pl
from msgspec import Struct

SEED = 0


class ColumnDifference(Struct, frozen=True):
    """A column with other values in `rows` rows; `largest` difference, where they are numbers."""

    column: str
    rows: int
    largest: float | None = None
    example: str = ""


class FrameDifference(Struct, frozen=True):
    """`shape` says what differs when rows cannot be compared one by one; `order`: the same rows in another order."""

    rows: int
    columns: tuple[ColumnDifference, ...] = ()
    shape: str = ""
    order: bool = False

    def tell(self) -> str:
        """The difference in one line."""
        if self.order:
            return "the same rows in another order"
        told = [_tell(each, self.rows) for each in self.columns]
        return "; ".join([self.shape, *told] if self.shape else told)


def compare_frames(recorded: pl.DataFrame, again: pl.DataFrame) -> FrameDifference | None:
    """What differs, None when nothing does. NaN equals NaN, and a missing value another missing one."""
    shape = _compare_shapes(recorded, again)
    if recorded.height != again.height:
        return FrameDifference(recorded.height, shape=shape)
    shared = [name for name in recorded.columns if name in again.columns]
    columns = tuple(found for name in shared if (found := _compare_columns(recorded[name], again[name])) is not None)
    if not columns and not shape:
        return None
    order = recorded.schema == again.schema and _same_rows(recorded, again)
    return FrameDifference(recorded.height, () if order else columns, shape, order)


def _compare_shapes(recorded: pl.DataFrame, again: pl.DataFrame) -> str:
    told = []
    if recorded.height != again.height:
        told.append(f"{recorded.height:,} rows, now {again.height:,}")
    gone = [name for name in recorded.columns if name not in again.columns]
    new = [name for name in again.columns if name not in recorded.columns]
    told += [f"without column {name}" for name in gone] + [f"with a new column {name}" for name in new]
    if not gone and not new and recorded.columns != again.columns:
        told.append("columns in another order")
    return "; ".join(told)


def _compare_columns(recorded: pl.Series, again: pl.Series) -> ColumnDifference | None:
    if recorded.dtype != again.dtype:
        return ColumnDifference(recorded.name, len(recorded), example=f"{recorded.dtype}, now {again.dtype}")
    if recorded.dtype.is_nested():
        values = list(zip(recorded.to_list(), again.to_list(), strict=True))
        differs = pl.Series([repr(old) != repr(new) for old, new in values], dtype=pl.Boolean)
    else:
        differs = recorded.ne_missing(again)
    rows = int(differs.sum())
    if not rows:
        return None
    first = differs.arg_max() or 0
    largest = None
    if recorded.dtype.is_numeric():
        distances = (recorded.cast(pl.Float64) - again.cast(pl.Float64)).abs().fill_nan(None)
        largest = distances.max()
    example = f"row {first:,}: {_short(recorded[first])}, now {_short(again[first])}"
    return ColumnDifference(recorded.name, rows, largest if isinstance(largest, float) else None, example)


def _same_rows(recorded: pl.DataFrame, again: pl.DataFrame) -> bool:
    try:
        return bool(recorded.hash_rows(SEED).sort().equals(again.hash_rows(SEED).sort()))
    except pl.exceptions.PolarsError:  # a type whose rows have no hash
        return False


def _tell(difference: ColumnDifference, rows: int) -> str:
    by = f", by up to {difference.largest:.6g}" if difference.largest is not None else ""
    return f"column {difference.column} in {difference.rows:,} of {rows:,} rows{by} ({difference.example})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
