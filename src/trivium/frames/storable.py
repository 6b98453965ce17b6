"""What a table can keep: the types that come back from Parquet as they went in, and moments that a calendar has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.frames.types import type_name

FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 # bounds of wall clocks
LONGEST_NAME = 4096


def check_storable(frame: pl.DataFrame) -> None:
    """Raises UnsupportedValue, naming column, type and what to do, for what Parquet would lose or change."""
    for name, dtype in frame.schema.items():
        _check_name(name)
        for part in parts(dtype):
            why = _unstorable(part)
            if why:
                raise UnsupportedValue(f"Column {name!r} holds {spelled(part)}, which no table keeps: {why}.")
        _check_moments(frame[name])


def parts(dtype: Any) -> Iterator[Any]:
    """The type, and the types inside it."""
    yield dtype
    inner = [getattr(dtype, each) for each in ("inner", "key", "value") if isinstance(dtype, NESTING)
             and hasattr(dtype, each)]  # fmt: skip
    for each in [*inner, *(field.dtype for field in getattr(dtype, "fields", ()))]:
        yield from parts(each)


def spelled(dtype: Any) -> str:
    """The type as a message names it."""
    if dtype == pl.Object:
        return "Python objects"
    if isinstance(dtype, pl.BaseExtension):
        return f"the extension type {dtype.ext_name()!r}"
    return type_name(dtype)


NESTING = (pl.List, pl.Array, pl.Map)


def _unstorable(dtype: Any) -> str | None:
    if dtype == pl.Object:
        return "make them numbers, text, times, lists or structs"
    if dtype == pl.Unknown:
        return "give it a type"
    if isinstance(dtype, pl.BaseExtension):
        return "take its storage, such as `column.ext.storage()` in polars"
    if isinstance(dtype, pl.Struct) and not dtype.fields:
        return "a struct needs a field; drop the column"
    if isinstance(dtype, pl.Array) and dtype.size == 0:
        return "an array needs a width; make it a list"
    return None


def _check_name(name: str) -> None:
    if "\0" in name or len(name) > LONGEST_NAME:
        shown = name if len(name) <= 60 else f"{name[:57]}..."
        raise UnsupportedValue(
            f"{shown!r} cannot name a column: use at most {LONGEST_NAME} characters, none of them NUL; rename it."
        )


def _check_moments(values: pl.Series) -> None:
    if not isinstance(values.dtype, (pl.Datetime, pl.Date)) or not len(values):
        return
    # Compared as numbers: a moment that no calendar has cannot even be shown.
    first, last = _bounds(values.dtype)
    numbers = values.to_physical()
    low, high = numbers.min(), numbers.max()
    if low is not None and (low < first or high > last):  # type: ignore[operator] # both are integers
        raise UnsupportedValue(
            f"Column {values.name!r} has moments outside the years 1 to 9999 (or infinity), which readers of the table "
            "could not show; make them null, or keep them as numbers."
        )


def _bounds(dtype: Any) -> tuple[int, int]:
    if isinstance(dtype, pl.Date):
        epoch = date(1970, 1, 1)
        return (FIRST.date() - epoch).days, (LAST.date() - epoch).days
    scale = {"ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.time_unit]
    start = datetime(1970, 1, 1)  # noqa: DTZ001
    return tuple(int((end - start).total_seconds()) * scale for end in (FIRST, LAST))  # type: ignore[return-value]
