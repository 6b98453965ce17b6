"""A column in another type, when that type holds every one of its values."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

TEXTS = (pl.String, pl.Categorical, pl.Enum)


def convert_exactly(values: pl.Series, wanted: pl.DataType) -> pl.Series:
    """The values in the wanted type where each has an equal there; otherwise the column as it came."""
    if values.dtype == wanted or not may_convert(values.dtype, wanted):
        return values
    converted = values.cast(wanted, strict=False)
    return converted if _same(values, converted) else values


def may_convert(have: Any, wanted: Any) -> bool:
    """Whether values of one type can be values of the other, some of them at least.

    Whole numbers, fractions and units of time convert into each other; texts, categories and enums; a date is a moment
    without a zone; lists and structs as what is in them. A time zone is part of the values and stays. Decimals and
    floats do not mix: 0.1 is not the same number in both.
    """
    if have in (wanted, pl.Null):
        return True
    if isinstance(have, pl.Datetime) and isinstance(wanted, pl.Datetime):
        return have.time_zone == wanted.time_zone
    if have == pl.Date and isinstance(wanted, pl.Datetime):
        return wanted.time_zone is None
    return any(all(family(each) for each in (have, wanted)) for family in FAMILIES) or _inside(have, wanted)


def _inside(have: Any, wanted: Any) -> bool:
    if isinstance(have, pl.List) and isinstance(wanted, pl.List):
        return may_convert(have.inner, wanted.inner)
    if isinstance(have, pl.Array) and isinstance(wanted, pl.Array):
        return have.size == wanted.size and may_convert(have.inner, wanted.inner)
    if isinstance(have, pl.Struct) and isinstance(wanted, pl.Struct):
        fields = {field.name: field.dtype for field in wanted.fields}
        return all(each.name in fields and may_convert(each.dtype, fields[each.name]) for each in have.fields)
    return False


FAMILIES = (
    lambda dtype: dtype.is_integer() or dtype.is_float(),
    lambda dtype: dtype.is_integer() or dtype.is_decimal(),
    lambda dtype: isinstance(dtype, pl.Duration),
    lambda dtype: dtype in TEXTS,
)


def _same(values: pl.Series, converted: pl.Series) -> bool:
    back = converted.cast(values.dtype, strict=False)
    if not back.eq_missing(values).all():
        return False
    # Zero below nothing is a float's own: whole numbers have one zero.
    return not (values.dtype.is_float() and converted.dtype.is_integer()) or not (1 / values == -math.inf).any()
