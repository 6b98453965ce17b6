"""Rows that arrive in pieces: a source of them, and how pieces of unlike types become one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.frames.conversion import convert_exactly, may_convert
from trivium.frames.types import type_name

CELLS = 2_000_000
INTEGER_RANKS = {pl.Int8: 1, pl.UInt8: 2, pl.Int16: 3, pl.UInt16: 4, pl.Int32: 5, pl.UInt32: 6, pl.Int64: 7,
                 pl.UInt64: 8, pl.Int128: 9, pl.Float16: 10, pl.Float32: 11, pl.Float64: 12}  # fmt: skip
UNITS = {"ms": 1, "us": 2, "ns": 3}
TEXT_RANKS = {pl.Enum: 1, pl.Categorical: 2, pl.String: 3}


@dataclass(frozen=True)
class Wish:
    """What is asked of a source. types: those that the table's columns have already. time: its column of event time.

    scratch: a folder for what does not fit into memory. query: what to ask a database.
    """

    scratch: Path
    types: Mapping[str, pl.DataType] = field(default_factory=dict)
    time: str | None = None
    query: str | None = None


@dataclass(frozen=True)
class Stream:
    """Rows from one place, once through, in pieces that fit into memory.

    name: the place, for messages. rows: how many there are, where that is known before. digest: of their content,
    where it has one: the same digest means the same rows.
    """

    name: str
    frames: Iterator[pl.DataFrame]
    rows: int | None = None
    digest: str | None = None


def piece_rows(columns: int) -> int:
    """How many rows of so many columns make a piece."""
    return max(1_000, min(250_000, CELLS // max(columns, 1)))


def slices(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The frame in pieces."""
    return frame.iter_slices(piece_rows(frame.width))


class Union:
    """The columns of all pieces seen, each in the type that could hold it in every piece."""

    def __init__(self) -> None:
        self.types: dict[str, Any] = {}

    def see(self, schema: Mapping[str, Any], name: str) -> None:
        """The columns of one more piece. name: the place. Raises UnsupportedValue for types that clash."""
        for column, dtype in schema.items():
            before = self.types.get(column, pl.Null())
            merged = common_dtype(before, dtype)
            if merged is None:
                raise UnsupportedValue(
                    f"Column {column!r} of {name} is {type_name(before)} in some rows and {type_name(dtype)} in "
                    "others; make them values of one type at the source."
                )
            self.types[column] = merged

    def align(self, frame: pl.DataFrame, name: str) -> pl.DataFrame:
        """A piece with all columns, in their types. Raises UnsupportedValue where a value would change."""
        have = frame.schema
        # By name, because a list of columns would give a name to one that has none.
        return pl.DataFrame(
            {
                column: self._aligned(frame[column], dtype, name) if column in have else _nulls(dtype, frame.height)
                for column, dtype in self.types.items()
            }
        )

    def _aligned(self, values: pl.Series, dtype: Any, name: str) -> pl.Series:
        converted = convert_exactly(values, dtype)
        if converted.dtype != dtype:
            raise UnsupportedValue(
                f"Column {values.name!r} of {name} is {type_name(values.dtype)} in some rows and {type_name(dtype)} in "
                "others, and values would change; make them values of one type at the source."
            )
        return converted


def _nulls(dtype: Any, height: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


def collect(stream: Stream) -> pl.DataFrame:
    """All rows in memory. Raises UnsupportedValue for pieces that do not go together."""
    return join_pieces(list(stream.frames), stream.name)


def join_pieces(frames: Iterable[pl.DataFrame], name: str) -> pl.DataFrame:
    """The rows of all pieces, in one frame."""
    pieces = list(frames)
    if len(pieces) == 1:
        return pieces[0]
    union = Union()
    for piece in pieces:
        union.see(piece.schema, name)
    return pl.concat([union.align(piece, name) for piece in pieces]) if pieces else pl.DataFrame()


def common_dtype(one: Any, other: Any) -> Any:
    """The type that could hold values of both, the values permitting; None when there is none."""
    if other in (one, pl.Null):
        return one
    if one == pl.Null:
        return other
    if isinstance(one, pl.List) and isinstance(other, pl.List):
        inner = common_dtype(one.inner, other.inner)
        return None if inner is None else pl.List(inner)
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        return _common_struct(one, other)
    if {one, other} <= set(INTEGER_RANKS) and pl.UInt64 in (one, other) and _signed(one, other):
        return pl.Int128()
    wider, narrower = (one, other) if _rank(one) >= _rank(other) else (other, one)
    return wider if may_convert(narrower, wider) and _rank(wider) else None


def _common_struct(one: Any, other: Any) -> Any:
    fields = {each.name: each.dtype for each in one.fields}
    for each in other.fields:
        merged = common_dtype(fields.get(each.name, pl.Null()), each.dtype)
        if merged is None:
            return None
        fields[each.name] = merged
    return pl.Struct(fields)


def _signed(one: Any, other: Any) -> bool:
    return any(each.is_signed_integer() for each in (one, other))


def _rank(dtype: Any) -> int:
    if isinstance(dtype, (pl.Datetime, pl.Duration)):
        return UNITS[dtype.time_unit]
    if isinstance(dtype, pl.Decimal):
        return 100 + dtype.scale
    return INTEGER_RANKS.get(dtype.base_type()) or TEXT_RANKS.get(dtype.base_type(), 0)
