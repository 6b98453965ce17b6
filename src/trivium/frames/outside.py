"""Frames of other libraries: pandas, Arrow, DuckDB. What they know and polars does not is refused or put right here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.frames.python_values import exact_series

RESHAPED = "reset_index()"


def frame_of_stream(value: Any) -> pl.DataFrame:
    """The rows of whatever shows Arrow's stream. Raises UnsupportedValue for what would be lost on the way."""
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    return READERS.get(kind, _of_stream)(value)


def _of_stream(value: Any) -> pl.DataFrame:
    frame = pl.DataFrame(value)
    zones = {name: dtype for name, dtype in frame.schema.items() if getattr(dtype, "time_zone", None) == "Etc/UTC"}
    return frame.with_columns(pl.col(name).dt.convert_time_zone("UTC") for name in zones)


def _of_pandas(value: Any) -> pl.DataFrame:
    """NaN, NaT, NA and None are pandas' nulls; columns of Python objects are looked at value by value."""
    odd = [name for name in value.columns if not isinstance(name, str)]
    if odd:
        raise UnsupportedValue(
            f"The column {odd[0]!r} is not named by a text; rename: `frame.columns = frame.columns.map(str)`."
        )
    _check_index(value.index)
    opaque = [
        name
        for name, dtype in zip(value.columns, value.dtypes, strict=True)
        if dtype.kind == "O" and dtype.name == "object"
    ]
    if len(set(value.columns)) < len(value.columns):
        twice = sorted({name for name in value.columns if list(value.columns).count(name) > 1})
        raise UnsupportedValue(f"The columns {twice} are there more than once; rename or drop them.")
    others = value.drop(columns=opaque)
    made = {name: _of_objects(name, value[name]) for name in opaque}
    rest = pl.DataFrame(others) if len(others.columns) else pl.DataFrame(height=len(value))
    return rest.with_columns(**made).select(list(value.columns)) if made else rest


def _of_objects(name: str, values: Any) -> pl.Series:
    return exact_series(name, [None if missing else each for each, missing in zip(values, values.isna(), strict=True)])


def _check_index(index: Any) -> None:
    if index.nlevels > 1 or index.name is not None or index.dtype.kind not in "iu":
        raise UnsupportedValue(
            f"The index {list(index.names)} of the pandas frame is no column, so it would be lost; give "
            f"`frame.reset_index()`, or `frame.reset_index(drop=True)` without it."
        )


def _of_arrow(value: Any) -> pl.DataFrame:
    arrow = sys.modules["pyarrow"]
    for field in getattr(value, "schema", ()):
        if isinstance(field.type, arrow.BaseExtensionType):
            raise UnsupportedValue(
                f"Column {field.name!r} holds the extension type {field.type}, which no table keeps; take its "
                f"storage: `column.cast({field.type.storage_type})`."
            )
    return _of_stream(value)


def _of_relation(value: Any) -> pl.DataFrame:
    """DuckDB shows wide integers and enums as something else; they become what they are."""
    kinds = dict(zip(value.columns, value.types, strict=True))
    for name, kind in kinds.items():
        if kind.id in LOST:
            raise UnsupportedValue(f"Column {name!r} is DuckDB's {kind}, which no table keeps: {LOST[kind.id]}.")
    return restore_duckdb(_of_stream(value), kinds)


def restore_duckdb(frame: pl.DataFrame, kinds: dict[str, Any]) -> pl.DataFrame:
    """The frame with DuckDB's hugeints and enums in their own types. kinds: DuckDB's type of each column."""
    wide = [pl.col(name).cast(pl.Int128) for name, kind in kinds.items() if kind.id == "hugeint"]
    enums = [pl.col(name).cast(pl.String).cast(pl.Enum(dict(kind.children)["values"]))
             for name, kind in kinds.items() if kind.id == "enum"]  # fmt: skip
    return frame.with_columns(*wide, *enums)


LOST = {
    "uhugeint": "cast it to HUGEINT, or to VARCHAR where it is larger",
    "interval": "cast it to seconds, such as `epoch(column)`",
    "bit": "cast it to VARCHAR or a number",
    "time with time zone": "cast it to TIME",
    "union": "take one of its members",
    "bignum": "cast it to HUGEINT, or to VARCHAR where it is larger",
}
READERS: dict[str, Callable[[Any], pl.DataFrame]] = {
    "pandas.DataFrame": _of_pandas,
    "pyarrow.Table": _of_arrow,
    "pyarrow.RecordBatch": _of_arrow,
    "pyarrow.RecordBatchReader": _of_arrow,
    "_duckdb.DuckDBPyRelation": _of_relation,
    "duckdb.DuckDBPyRelation": _of_relation,
}
