"""Structs to rows and back: a field is a column; nested fields are JSON text; times are ISO text in UTC."""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar

import msgspec

Scalar = str | int | float | None
T = TypeVar("T", bound=msgspec.Struct)


def to_row(value: msgspec.Struct) -> dict[str, Scalar]:
    """The struct's fields as SQL values."""
    nested = nested_fields(type(value))
    return {
        name: json_text(getattr(value, name)) if name in nested else to_scalar(getattr(value, name))
        for name in value.__struct_fields__
    }


def from_row(kind: type[T], row: Mapping[str, Any]) -> T:
    """The struct of a row; columns that the struct does not have are ignored."""
    nested = nested_fields(kind)
    values = {name: msgspec.json.decode(row[name]) if name in nested else row[name] for name in kind.__struct_fields__}
    # SQLite keeps NaN as NULL; a number that cannot be absent was therefore NaN.
    values |= {name: math.nan for name in number_fields(kind) if values[name] is None}
    return msgspec.convert(values, kind, strict=False)


def json_text(value: Any) -> str:
    """A value as JSON text. NaN and infinities, which JSON lacks, are the texts "nan", "inf" and "-inf"."""
    return msgspec.json.encode(_spelled(msgspec.to_builtins(value, str_keys=True))).decode()


def from_json(kind: type[T], text: str) -> T:
    """The value of such a text."""
    return msgspec.json.decode(text, type=kind, strict=False)


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spelled(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def to_scalar(value: Any) -> Scalar:
    """A scalar as SQL takes it."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bool):
        return int(value)
    return typing.cast(Scalar, value)


def iso(moment: datetime) -> str:
    """A time as text that sorts: UTC, microseconds, Z."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


@cache
def nested_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that are stored as JSON."""
    return frozenset(field.name for field in msgspec.structs.fields(kind) if not _is_scalar(field.type))


@cache
def number_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that are a float and nothing else."""
    return frozenset(field.name for field in msgspec.structs.fields(kind) if field.type is float)


def _is_scalar(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return True
    if origin in (typing.Union, UnionType):
        return all(_is_scalar(part) for part in typing.get_args(annotation))
    return annotation in (str, int, float, bool, datetime, NoneType)
