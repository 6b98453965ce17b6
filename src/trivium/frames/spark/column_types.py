"""Types of columns in Spark, and which have no counterpart there or here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.frames.storable import spelled

Json = Any
PLAIN: dict[Any, str] = {
    pl.Int8: "byte",
    pl.Int16: "short",
    pl.Int32: "integer",
    pl.Int64: "long",
    pl.UInt8: "short",
    pl.UInt16: "integer",
    pl.UInt32: "long",
    pl.UInt64: "decimal(20,0)",
    pl.Float32: "float",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.String: "string",
    pl.Categorical: "string",
    pl.Enum: "string",
    pl.Binary: "binary",
    pl.Date: "date",
    pl.Null: "void",
}
KEPT = {"byte", "short", "integer", "long", "float", "double", "boolean", "string", "binary", "date", "timestamp",
        "timestamp_ntz"}  # fmt: skip
KEPT_FAMILIES = ("decimal(", "char(", "varchar(", "string ")


def spark_type(dtype: Any) -> Json:
    """The type in the JSON form of Spark's schemas; None when Spark has none that holds its values."""
    for kind, make in MADE.items():
        if isinstance(dtype, kind):
            return make(dtype)
    return PLAIN.get(dtype.base_type())


def spark_fields(schema: Mapping[str, Any]) -> Json:
    """The columns as Spark's schema in JSON.

    Raises UnsupportedValue for a column that Spark has no type for, or two whose names differ by upper and lower case.
    """
    named: dict[str, str] = {}
    for name, dtype in schema.items():
        other = named.setdefault(name.casefold(), name)
        if other != name:
            raise UnsupportedValue(f"Columns {other!r} and {name!r} are one name to Spark; rename one of them.")
        if spark_type(dtype) is None:
            raise UnsupportedValue(
                f"Column {name!r} is {spelled(dtype)}, which Spark has no type for: {_advice(dtype)}."
            )
    return {"type": "struct", "fields": [_field(name, spark_type(dtype)) for name, dtype in schema.items()]}


def check_kept(schema: Json) -> None:
    """Raises UnsupportedValue for a column whose Spark type does not come back from a file as it was."""
    for field in schema["fields"]:
        odd = next((each for each in _parts(field["type"]) if not _is_kept(each)), None)
        if odd is not None:
            what = ADVICE.get(
                odd.partition(" ")[0], "cast it to a number, a text, a time, or an array or struct of these"
            )
            raise UnsupportedValue(f"Column {field['name']!r} is Spark's {odd}, which is not stored: {what}.")


def _is_kept(name: str) -> bool:
    return name in KEPT or name.startswith(KEPT_FAMILIES)


def _parts(kind: Json) -> Iterator[str]:
    """The names of the plain types inside a type; a type of somebody's own is "udt"."""
    if isinstance(kind, str):
        yield kind
        return
    if kind["type"] == "udt":
        yield "udt"
        return
    for inner in (kind.get("elementType"), kind.get("keyType"), kind.get("valueType")):
        yield from _parts(inner) if inner is not None else ()
    for field in kind.get("fields", ()):
        yield from _parts(field["type"])


def _field(name: str, kind: Json) -> Json:
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}


def _moment(dtype: Any) -> Json:
    return "timestamp" if dtype.time_zone else "timestamp_ntz"


def _decimal(dtype: Any) -> Json:
    return f"decimal({dtype.precision},{dtype.scale})"


def _array(dtype: Any) -> Json:
    inner = _inside(dtype.inner)
    return None if inner is None else {"type": "array", "elementType": inner, "containsNull": True}


def _struct(dtype: Any) -> Json:
    fields = [(field.name, _inside(field.dtype)) for field in dtype.fields]
    if any(kind is None for _, kind in fields):
        return None
    return {"type": "struct", "fields": [_field(name, kind) for name, kind in fields]}


def _map(dtype: Any) -> Json:
    key, value = _inside(dtype.key), _inside(dtype.value)
    if key is None or value is None:
        return None
    return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}


def _inside(dtype: Any) -> Json:
    """The type of what is in a list or struct; nanoseconds and nothing are only understood in columns of their own."""
    unread = dtype == pl.Null or (isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns")
    return None if unread else spark_type(dtype)


def _advice(dtype: Any) -> str:
    if isinstance(dtype, pl.Duration):
        return "make it a number of seconds before"
    return "cast it before" if not dtype.is_nested() else "cast what is inside before (moments to microseconds)"


MADE: dict[Any, Callable[[Any], Json]] = {
    pl.Datetime: _moment,
    pl.Decimal: _decimal,
    pl.List: _array,
    pl.Array: _array,
    pl.Struct: _struct,
    pl.Map: _map,
}
ADVICE = {
    "void": "it has no type; cast it, such as `CAST(NULL AS STRING)`",
    "interval": "make it a number of seconds",
    "variant": "make it a text, `to_json(column)`",
    "udt": "make it an array of numbers, such as `vector_to_array(column)`",
    "time(6)": "make it a text or a timestamp",
}
