"""A model's input columns: learnt from the training rows, and made of whatever rows come in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from trivium.errors import SchemaMismatch
from trivium.frames import dtype_of, type_name
from trivium.models.manifest import Field

MOST_CATEGORIES = 200
TRUTH = {"true": True, "false": False, "1": True, "0": False}


def learn_fields(rows: pl.DataFrame) -> tuple[Field, ...]:
    """The signature of these rows. Raises SchemaMismatch for a column type that a model cannot take."""
    return tuple(_learn(rows[name]) for name in rows.columns)


def _learn(column: pl.Series) -> Field:
    kind = "string" if isinstance(column.dtype, pl.Enum | pl.Categorical) else type_name(column.dtype)
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object, pl.Null):
        raise SchemaMismatch(f"Column {column.name!r} is {kind}; a model takes numbers, text, booleans and times.")
    low, high = _range(column)
    nulls = column.null_count() / len(column) if len(column) else 0.0
    return Field(column.name, kind, low, high, _categories(column), nulls)


def _range(column: pl.Series) -> tuple[float | str | None, float | str | None]:
    if column.dtype.is_numeric():
        low, high = column.drop_nans().min() if column.dtype.is_float() else column.min(), column.max()
        return (None if low is None else float(low)), (None if high is None else float(high))  # type: ignore[arg-type]
    if column.dtype.is_temporal():
        low, high = column.min(), column.max()
        return (None if low is None else str(low)), (None if high is None else str(high))
    return None, None


def _categories(column: pl.Series) -> tuple[str, ...] | None:
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    values = column.drop_nulls().cast(pl.String).unique().sort()
    return tuple(values.to_list()) if len(values) <= MOST_CATEGORIES else None


def conform(rows: pl.DataFrame, fields: tuple[Field, ...], dtypes: tuple[pl.DataType, ...]) -> pl.DataFrame:
    """The signature's columns, in its order and types; other columns are left out, missing values stay missing.

    Raises SchemaMismatch naming the column and the value that does not fit.
    """
    have = rows.schema
    columns = []
    for field, dtype in zip(fields, dtypes, strict=True):
        if field.name not in have:
            raise SchemaMismatch(_absent(field, fields, rows.columns))
        column = rows.get_column(field.name)
        columns.append(column if have[field.name] == dtype else convert(column, field, dtype))
    return pl.DataFrame(columns)


def dtypes_of(fields: tuple[Field, ...]) -> tuple[pl.DataType, ...]:
    """The polars type of each field."""
    return tuple(dtype_of(field.type) for field in fields)


def convert(column: pl.Series, field: Field, dtype: pl.DataType) -> pl.Series:
    """The column as this type, every value kept. Raises SchemaMismatch naming the first value that has no equal."""
    try:
        converted = _converted(column, dtype)
    except (pl.exceptions.PolarsError, TypeError, ValueError):
        converted = pl.Series(column.name, [None] * len(column), dtype=dtype)
    lost = converted.is_null() & column.is_not_null()
    if lost.any():
        bad = column.filter(lost)[0]
        raise SchemaMismatch(
            f"Column {field.name!r} of the model is {field.type}; the rows have {type_name(column.dtype)} and the "
            f"value {bad!r} is not one. Convert the column before asking, or send null where the value is unknown."
        )
    return converted


def _converted(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if column.dtype == pl.String and dtype.is_temporal():
        return _times(column, dtype)
    if column.dtype == pl.String and dtype == pl.Boolean:
        return column.str.to_lowercase().replace_strict(TRUTH, default=None, return_dtype=pl.Boolean)
    if column.dtype.is_float() and dtype.is_integer():
        exact = column.set(column != column.round(0), None) if len(column) else column
        return exact.fill_nan(None).cast(dtype, strict=False)
    if column.dtype.is_numeric() and dtype == pl.Boolean:
        return column.set(~column.is_in([0, 1]), None).cast(dtype)
    if isinstance(column.dtype, pl.Datetime) and isinstance(dtype, pl.Datetime):
        return _zoned(column, dtype)
    return column.cast(dtype, strict=False)


def _times(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    moments = [_moment(value) for value in column]
    naive = pl.Series(column.name, moments, dtype=pl.Datetime("us"))
    return _zoned(naive, dtype) if isinstance(dtype, pl.Datetime) else naive.cast(dtype)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _zoned(column: pl.Series, dtype: pl.Datetime) -> pl.Series:
    """Times without a zone are UTC, as everywhere in Trivium."""
    zone = getattr(column.dtype, "time_zone", None)
    in_utc = column.dt.convert_time_zone("UTC") if zone else column.dt.replace_time_zone("UTC")
    if dtype.time_zone is None:
        return in_utc.dt.replace_time_zone(None).cast(dtype)
    return in_utc.dt.convert_time_zone(dtype.time_zone).cast(dtype)


def _absent(field: Field, fields: tuple[Field, ...], have: list[str]) -> str:
    missing = [each.name for each in fields if each.name not in have]
    more = f" (also missing: {', '.join(missing[1:])})" if len(missing) > 1 else ""
    return (
        f"The model needs column {field.name!r} ({field.type}){more}, and the rows have {', '.join(have) or 'none'}. "
        "Add it; a column of nulls says that the value is unknown."
    )
