"""The types of columns and their names: every type has one spelling, and the spelling is the type again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal, cast

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.values.tables import Column

TYPE_NAMES: dict[Any, str] = {
    pl.Int8: "int8",
    pl.Int16: "int16",
    pl.Int32: "int32",
    pl.Int64: "int64",
    pl.Int128: "int128",
    pl.UInt8: "uint8",
    pl.UInt16: "uint16",
    pl.UInt32: "uint32",
    pl.UInt64: "uint64",
    pl.UInt128: "uint128",
    pl.Float16: "float16",
    pl.Float32: "float32",
    pl.Float64: "float64",
    pl.Boolean: "bool",
    pl.String: "string",
    pl.Binary: "binary",
    pl.Date: "date",
    pl.Time: "time",
    pl.Categorical: "categorical",
    pl.Null: "null",
}
DTYPES = {name: dtype for dtype, name in TYPE_NAMES.items()}
PLAIN_WORD = re.compile(r"\w+")
ZONED = re.compile(r"(timestamp|duration)\[(ns|us|ms)(?:, ([^\]]+))?\]")
DECIMAL = re.compile(r"decimal\[(\d+), (\d+)\]")
Unit = Literal["ns", "us", "ms"]


def columns_of(frame: pl.DataFrame) -> tuple[Column, ...]:
    """The frame's columns with their type names."""
    return tuple(Column(name, type_name(dtype)) for name, dtype in frame.schema.items())


def type_name(dtype: Any) -> str:
    """A polars type spelled as Arrow does; two types never share a name."""
    for kind, spell in SPELLINGS.items():
        if isinstance(dtype, kind):
            return spell(dtype)
    return TYPE_NAMES.get(dtype.base_type(), str(dtype).lower())


def _word(text: str) -> str:
    return text if PLAIN_WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _field(field: pl.Field) -> str:
    return f"{_word(field.name)}: {type_name(field.dtype)}"


def _categorical(dtype: Any) -> str:
    kinds = dtype.categories
    if kinds.is_global():
        return "categorical"
    return f"categorical<{_word(kinds.name())}, {_word(kinds.namespace())}, {type_name(kinds.physical()())}>"


SPELLINGS: dict[Any, Callable[[Any], str]] = {
    pl.Datetime: lambda dtype: f"timestamp[{dtype.time_unit}{f', {dtype.time_zone}' if dtype.time_zone else ''}]",
    pl.Duration: lambda dtype: f"duration[{dtype.time_unit}]",
    pl.Decimal: lambda dtype: f"decimal[{dtype.precision}, {dtype.scale}]",
    pl.List: lambda dtype: f"list<{type_name(dtype.inner)}>",
    pl.Array: lambda dtype: f"array<{type_name(dtype.inner)}, {dtype.size}>",
    pl.Map: lambda dtype: f"map<{type_name(dtype.key)}, {type_name(dtype.value)}>",
    pl.Struct: lambda dtype: (
        "struct<" + ", ".join(f"{_word(f.name)}: {type_name(f.dtype)}" for f in dtype.fields) + ">"
    ),
    pl.Enum: lambda dtype: "enum<" + ", ".join(_word(each) for each in dtype.categories.to_list()) + ">",
    pl.Categorical: _categorical,
}


def has_dtype(name: str) -> bool:
    """Whether `dtype_of` knows this type name."""
    try:
        dtype_of(name)
    except UnsupportedValue:
        return False
    return True


def dtype_of(name: str) -> pl.DataType:
    """The polars type that `type_name` spells so. Raises UnsupportedValue for a name that is no type's."""
    reader = _Reader(name)
    try:
        dtype = reader.dtype()
    except (ValueError, pl.exceptions.PolarsError):
        reader.at = -1
    if reader.at != len(name):
        raise UnsupportedValue(f"{name!r} names no type of a column.")
    return dtype


class _Reader:
    """Reads one type's name from the left."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def dtype(self) -> pl.DataType:
        for form, make in ((ZONED, _zoned), (DECIMAL, _decimal)):
            if found := form.match(self.text, self.at):
                self.at = found.end()
                return make(*found.groups())
        kind = self.word()
        if not self.takes("<"):
            return cast(pl.DataType, _plain(kind)())
        made = NESTED[kind](self) if kind in NESTED else None
        if made is None or not self.takes(">"):
            raise ValueError(self.text)
        return made

    def takes(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.at)
        self.at += len(mark) * found
        return found

    def expect(self, mark: str) -> None:
        if not self.takes(mark):
            raise ValueError(self.text)

    def word(self) -> str:
        if self.text.startswith('"', self.at):
            value, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
            return str(value)
        found = PLAIN_WORD.match(self.text, self.at)
        if found is None:
            raise ValueError(self.text)
        self.at = found.end()
        return found.group()

    def several(self, one: Callable[[], Any]) -> list[Any]:
        if self.text.startswith(">", self.at):
            return []
        found = [one()]
        while self.takes(", "):
            found.append(one())
        return found

    def field(self) -> pl.Field:
        name = self.word()
        self.expect(": ")
        return pl.Field(name, self.dtype())

    def array(self) -> pl.DataType:
        inner = self.dtype()
        self.expect(", ")
        return pl.Array(inner, int(self.word()))

    def map(self) -> pl.DataType:
        key = self.dtype()
        self.expect(", ")
        return pl.Map(key, self.dtype())

    def categorical(self) -> pl.DataType:
        name, namespace, physical = self.several(self.word)
        return pl.Categorical(pl.Categories(name, namespace, _plain(physical)))


def _plain(name: str) -> Any:
    if name not in DTYPES:
        raise ValueError(name)
    return DTYPES[name]


def _zoned(kind: str, unit: str, zone: str | None) -> pl.DataType:
    if kind == "timestamp":
        return pl.Datetime(cast(Unit, unit), zone)
    if zone:
        raise ValueError(zone)
    return pl.Duration(cast(Unit, unit))


def _decimal(precision: str, scale: str) -> pl.DataType:
    return pl.Decimal(int(precision), int(scale))


NESTED: dict[str, Callable[[_Reader], pl.DataType]] = {
    "list": lambda reader: pl.List(reader.dtype()),
    "struct": lambda reader: pl.Struct(reader.several(reader.field)),
    "enum": lambda reader: pl.Enum(reader.several(reader.word)),
    "array": _Reader.array,
    "map": _Reader.map,
    "categorical": _Reader.categorical,
}
