"""Where two values differ: which output, column and row, and what each of them has there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from trivium.frames import frame_of, type_name
from trivium.pipelines.signature import is_frame_type

LONGEST = 80


class Tolerance(Struct, frozen=True):
    """How far apart two floats may be: `relative` of the first one, or `absolute`, whichever allows more."""

    relative: float = 0.0
    absolute: float = 0.0

    def allows(self, first: float, second: float) -> bool:
        """Whether the second is near enough to the first; NaN is near NaN."""
        if math.isnan(first) or math.isnan(second):
            return math.isnan(first) and math.isnan(second)
        return first == second or abs(first - second) <= max(self.relative * abs(first), self.absolute)


EXACTLY = Tolerance()


def find_differences(first: Any, second: Any, tolerance: Tolerance = EXACTLY, place: str = "") -> Iterator[str]:
    """A sentence for each place where the second value differs from the first; none when they are the same."""
    if is_frame(first) and is_frame(second):
        yield from _in_frames(frame_of(first), frame_of(second), tolerance, place)
    elif isinstance(first, Mapping) and isinstance(second, Mapping):
        yield from _in_mappings(first, second, tolerance, place)
    elif isinstance(first, list | tuple) and isinstance(second, list | tuple):
        yield from _in_sequences(first, second, tolerance, place)
    elif not _alike(first, second, tolerance):
        yield f"{place}{': ' if place else ''}{_short(first)}, then {_short(second)}"


def is_frame(value: Any) -> bool:
    """Whether the value is a frame of any kind."""
    return is_frame_type(type(value))


def _alike(first: Any, second: Any, tolerance: Tolerance) -> bool:
    if isinstance(first, float) and isinstance(second, int | float) and not isinstance(second, bool):
        return tolerance.allows(first, second)
    if type(first) is not type(second):
        return False
    if isinstance(first, pl.Series):
        return first.equals(second, check_dtypes=True)
    same = first == second
    return bool(same.all()) if hasattr(same, "all") else bool(same)  # an array compares item by item


def _in_mappings(
    first: Mapping[Any, Any], second: Mapping[Any, Any], tolerance: Tolerance, place: str
) -> Iterator[str]:
    for name in dict.fromkeys([*first, *second]):
        where = f"{place}[{name!r}]"
        if name not in first or name not in second:
            yield f"{where} is {'new' if name not in first else 'missing'}"
        else:
            yield from find_differences(first[name], second[name], tolerance, where)


def _in_sequences(first: Sequence[Any], second: Sequence[Any], tolerance: Tolerance, place: str) -> Iterator[str]:
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        yield from find_differences(one, other, tolerance, f"{place}[{index}]")
    if len(first) != len(second):
        yield f"{place}{': ' if place else ''}{len(first)} items, then {len(second)}"


def _in_frames(first: pl.DataFrame, second: pl.DataFrame, tolerance: Tolerance, place: str) -> Iterator[str]:
    where = f"{place}, " if place else ""
    for name in dict.fromkeys([*first.columns, *second.columns]):
        if name not in first.columns or name not in second.columns:
            yield f"{where}column {name!r} is {'new' if name not in first.columns else 'missing'}"
        elif first.schema[name] != second.schema[name]:
            yield f"{where}column {name!r}: {type_name(first.schema[name])}, then {type_name(second.schema[name])}"
        elif first.height == second.height:
            yield from _in_columns(first[name], second[name], tolerance, f"{where}column {name!r}")
    if first.height != second.height:
        yield f"{where}{first.height} rows, then {second.height}"
    elif dict(first.schema) == dict(second.schema) and first.columns != second.columns:
        yield f"{where}the columns are in another order: {first.columns}, then {second.columns}"
    elif is_shuffled(first, second):
        yield f"{where}the rows are the same in another order"


def is_shuffled(first: pl.DataFrame, second: pl.DataFrame) -> bool:
    """Whether the frames have the same rows, in different orders."""
    if first.schema != second.schema or first.height != second.height or first.equals(second):
        return False
    return first.hash_rows().sort().equals(second.hash_rows().sort())


def _in_columns(first: pl.Series, second: pl.Series, tolerance: Tolerance, place: str) -> Iterator[str]:
    same = first.eq_missing(second)
    rows = [
        row
        for row in (~same).arg_true().to_list()
        if next(find_differences(_value(first, row), _value(second, row), tolerance), None) is not None
    ]
    if rows:
        at = rows[0]
        told = f"{_short(_value(first, at))}, then {_short(_value(second, at))}"
        yield f"{place}, row {at}: {told}" + (f" ({len(rows)} of {len(first)} rows differ)" if len(rows) > 1 else "")


def _value(values: pl.Series, row: int) -> Any:
    found = values[row]
    return found.to_list() if isinstance(found, pl.Series) else found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
