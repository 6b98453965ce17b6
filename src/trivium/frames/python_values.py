"""The type of a column of Python values: one that keeps every value as it is, or a refusal that names what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from types import NoneType
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue

EXACT_IN_FLOAT = 2**53
INTEGERS: tuple[tuple[int, int, Any], ...] = (
    (-(2**63), 2**63 - 1, pl.Int64),
    (0, 2**64 - 1, pl.UInt64),
    (-(2**127), 2**127 - 1, pl.Int128),
)
SIMPLE: dict[type, Any] = {bool: pl.Boolean, str: pl.String, bytes: pl.Binary, date: pl.Date, float: pl.Float64,
                           timedelta: pl.Duration("us")}  # fmt: skip
DIGITS = 38


def exact_series(column: str, values: Sequence[Any]) -> pl.Series:
    """The values as a column that holds each of them unchanged; None is null. Raises UnsupportedValue."""
    plain = plain_values(values)
    dtype = exact_dtype(column, plain)
    if dtype.is_decimal():
        plain = [None if each is None else Decimal(each) for each in plain]
    return pl.Series(column, plain, dtype=dtype, strict=True)


def plain_values(values: Sequence[Any]) -> Sequence[Any]:
    """The values with numpy's scalars as Python's."""
    foreign = {kind for kind in set(map(type, values)) if kind.__module__ == "numpy" and hasattr(kind, "item")}
    if not foreign:
        return values
    return [each.item() if type(each) in foreign and each.dtype.kind in "biufUS" else each for each in values]


def exact_dtype(column: str, values: Sequence[Any]) -> pl.DataType:
    """The type that holds each of the values. column: its name, for messages.

    Whole numbers go with fractions where a float holds them exactly, and with decimals. Raises UnsupportedValue for
    other mixtures, for several time zones, and for values of kinds that no column has.
    """
    kinds = set(map(type, values)) - {NoneType}
    if kinds in ({int, float}, {int, Decimal}):
        return _mixed_numbers(column, values, kinds)
    if kinds <= {list, tuple} and kinds:
        inner = list(chain.from_iterable(each for each in values if each is not None))
        return pl.List(exact_dtype(column, inner))
    if len(kinds) > 1:
        raise UnsupportedValue(f"Column {column!r} mixes {_examples(values, kinds)}; make them values of one type.")
    for kind in kinds:
        return _single(column, kind, [each for each in values if each is not None])
    return pl.Null()


def _single(column: str, kind: type, values: Sequence[Any]) -> pl.DataType:
    if kind in SIMPLE:
        found: pl.DataType = SIMPLE[kind]() if isinstance(SIMPLE[kind], type) else SIMPLE[kind]
        return found
    if kind not in MEASURED:
        raise UnsupportedValue(
            f"Column {column!r} holds Python's {kind.__module__}.{kind.__qualname__} ({_shown(values[0])}), which no "
            "table keeps; make them numbers, text, times, lists or records."
        )
    return MEASURED[kind](column, values)


def _integer(column: str, values: Sequence[Any]) -> pl.DataType:
    low, high = min(values), max(values)
    for least, most, dtype in INTEGERS:
        if least <= low and high <= most:
            found: pl.DataType = dtype()
            return found
    far = high if high >= 2**127 else low
    raise UnsupportedValue(f"Column {column!r} holds {_shown(far)}, more than 127 bits; make it text or a decimal.")


def _mixed_numbers(column: str, values: Sequence[Any], kinds: set[type]) -> pl.DataType:
    if Decimal in kinds:
        return _decimal(column, [Decimal(each) for each in values if each is not None])
    lost = next((each for each in values if type(each) is int and not _fits_float(each)), None)
    if lost is not None:
        raise UnsupportedValue(
            f"Column {column!r} mixes fractions with {lost}, which no float holds exactly; make them all text, whole "
            "numbers or decimals."
        )
    return pl.Float64()


def _fits_float(value: int) -> bool:
    return abs(value) <= EXACT_IN_FLOAT or (abs(value) < 2**1000 and int(float(value)) == value)


def _decimal(column: str, values: Sequence[Any]) -> pl.DataType:
    endless = next((each for each in values if not each.is_finite()), None)
    if endless is not None:
        raise UnsupportedValue(f"Column {column!r} holds Decimal({str(endless)!r}), which no decimal type has.")
    parts = [each.as_tuple() for each in values]
    scale = max(max(0, -part.exponent) for part in parts)
    whole = max(len(part.digits) + part.exponent for part in parts)
    if scale + max(whole, 0) > DIGITS:
        raise UnsupportedValue(f"Column {column!r} needs {scale + whole} digits, and a decimal has {DIGITS}; use text.")
    return pl.Decimal(DIGITS, scale)


def _moment(column: str, values: Sequence[Any]) -> pl.DataType:
    zones = {_zone(column, each) for each in values}
    if len(zones) > 1:
        shown = " and ".join(sorted(str(zone or "no zone") for zone in zones))
        raise UnsupportedValue(
            f"Column {column!r} mixes times of {shown}; convert them to one zone: `.astimezone(datetime.UTC)`."
        )
    return pl.Datetime("us", zones.pop())


def _zone(column: str, moment: datetime) -> str | None:
    if moment.tzinfo is None:
        return None
    key = getattr(moment.tzinfo, "key", None) or getattr(moment.tzinfo, "zone", None)
    if key is None and moment.utcoffset() == timedelta(0):
        return "UTC"
    if key is None:
        raise UnsupportedValue(
            f"Column {column!r} holds {moment.isoformat()}, whose offset names no zone, so it would be lost; convert "
            "to one zone: `.astimezone(datetime.UTC)`."
        )
    return str(key)


def _clock_time(column: str, values: Sequence[Any]) -> pl.DataType:
    if any(each.tzinfo for each in values):
        raise UnsupportedValue(f"Column {column!r} holds times of day with a zone, which would be lost; drop the zone.")
    return pl.Time()


def _record(column: str, values: Sequence[Any]) -> pl.DataType:
    names = dict.fromkeys(chain.from_iterable(values))
    odd = next((each for each in names if not isinstance(each, str)), None)
    if odd is not None:
        raise UnsupportedValue(f"Column {column!r} has records with the key {odd!r}; keys are text.")
    return pl.Struct({name: exact_dtype(f"{column}.{name}", [each.get(name) for each in values]) for name in names})


MEASURED: dict[type, Callable[[str, Sequence[Any]], pl.DataType]] = {
    int: _integer, Decimal: _decimal, datetime: _moment, time: _clock_time, dict: _record,
}  # fmt: skip


def _examples(values: Sequence[Any], kinds: set[type]) -> str:
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    first = {kind: next(each for each in values if type(each) is kind) for kind in ordered}
    return " and ".join(f"{kind.__name__} ({_shown(value)})" for kind, value in first.items())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
