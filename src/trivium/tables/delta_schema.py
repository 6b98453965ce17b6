"""A table's columns in the words of Delta Lake (its protocol, section "Schema Serialization Format")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.errors import UnsupportedValue
from trivium.values.tables import Column

PLAIN = {
    "int8": "byte", "int16": "short", "int32": "integer", "int64": "long", "float32": "float", "float64": "double",
    "bool": "boolean", "string": "string", "categorical": "string", "binary": "binary", "date": "date",
    "timestamp[us]": "timestamp_ntz", "timestamp[ms]": "timestamp_ntz",
}  # fmt: skip
WITHOUT_ZONE = "timestamp_ntz"
WIDEST_DECIMAL = 38


def delta_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """The columns as a Delta struct. Raises UnsupportedValue for a type that Delta does not have, such as uint64.

    A column without any value yet is left out: Delta has no type for it.
    """
    known = [column for column in columns if column.type != "null"]
    return _struct([(column.name, column.type) for column in known])


def has_plain_moments(schema: Any) -> bool:
    """Whether a time without a zone is in it, for which readers need a table feature."""
    if isinstance(schema, dict):
        return any(has_plain_moments(value) for value in schema.values())
    if isinstance(schema, list):
        return any(has_plain_moments(value) for value in schema)
    return bool(schema == WITHOUT_ZONE)


def _struct(fields: Sequence[tuple[str, str]]) -> dict[str, Any]:
    made = [{"name": name, "type": _delta_type(kind, name), "nullable": True, "metadata": {}} for name, kind in fields]
    return {"type": "struct", "fields": made}


def _delta_type(kind: str, column: str) -> Any:
    if kind in PLAIN:
        return PLAIN[kind]
    if kind.startswith("enum<"):
        return "string"
    if kind.startswith(("timestamp[us, ", "timestamp[ms, ")):
        return "timestamp"
    if kind.startswith("decimal["):
        precision, scale = (int(part) for part in kind[len("decimal[") : -1].split(", "))
        if precision <= WIDEST_DECIMAL:
            return f"decimal({precision},{scale})"
    if kind.startswith("list<"):
        return {"type": "array", "elementType": _delta_type(kind[len("list<") : -1], column), "containsNull": True}
    if kind.startswith("struct<"):
        return _struct([_field(part) for part in _parts(kind[len("struct<") : -1])])
    raise UnsupportedValue(f"Delta Lake has no type for column {column!r}, which is {kind}.")


def _field(text: str) -> tuple[str, str]:
    name, _, kind = text.partition(": ")
    return name, kind


def _parts(text: str) -> list[str]:
    """The fields of a struct: split at the commas that are inside no bracket."""
    parts, depth, start = list[str](), 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "<[") - (sign in ">]")
        if sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]
