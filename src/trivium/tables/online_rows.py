"""Rows of a table as the online store holds them: key, moment, and the features in MessagePack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl

from trivium.store.online_changes import Bodied, Keyed
from trivium.store.online_table import EARLIEST
from trivium.store.store import Store
from trivium.values.tables import DataFile, TableSpec

CHUNK_VALUES = 1_000_000
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # moments are counted on the clock of UTC
encode = msgspec.msgpack.Encoder().encode


def key_text(values: Iterable[Any]) -> str:
    """A key as the online store spells it: the value itself, or a JSON list of several."""
    parts = [str(value) for value in values]
    return parts[0] if len(parts) == 1 else json.dumps(parts)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, which is also what a time without a zone is taken for."""
    wall = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    since = wall - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def file_rows(store: Store, spec: TableSpec, file: DataFile) -> Iterator[Bodied]:
    """The rows of a file, a part of it at a time."""
    return (row for chunk in _chunks(store.lake.scan([file]), file.rows) for row in bodied(spec, chunk))


def file_keys(store: Store, spec: TableSpec, file: DataFile) -> Iterator[Keyed] | None:
    """Keys and moments of a file that is not in the table any more; None when its bytes are gone too."""
    if not store.lake.has(file):
        return None
    rows = store.lake.scan([file]).select(key_and_time(spec))
    return (key for chunk in _chunks(rows, file.rows) for key in known_keys(spec, chunk))


def key_and_time(spec: TableSpec) -> list[str]:
    """The columns that are not features."""
    return [*spec.key, *([spec.time] if spec.time else [])]


def bodied(spec: TableSpec, rows: pl.DataFrame) -> Iterator[Bodied]:
    """Key, moment and encoded features of each row."""
    bodies = map(encode, plain_rows(rows.drop(key_and_time(spec))))
    keyed = zip(_keyed(spec, rows), bodies, strict=True)
    return ((key, moment, body) for (key, moment), body in keyed if key is not None)


def known_keys(spec: TableSpec, rows: pl.DataFrame) -> Iterator[Keyed]:
    """Key and moment of each row; rows without a key are found by none."""
    return ((key, moment) for key, moment in _keyed(spec, rows) if key is not None)


def _chunks(rows: pl.LazyFrame, height: int) -> Iterator[pl.DataFrame]:
    step = max(1_000, CHUNK_VALUES // max(1, len(rows.collect_schema())))
    return (rows.slice(start, step).collect() for start in range(0, height, step))


def _keyed(spec: TableSpec, rows: pl.DataFrame) -> Iterator[tuple[str | None, int]]:
    moments = [EARLIEST] * rows.height if spec.time is None else _moments(rows[spec.time])
    return zip(_key_texts(rows.select(spec.key)), moments, strict=True)


def _key_texts(keys: pl.DataFrame) -> Iterable[str | None]:
    only = keys.to_series() if keys.width == 1 else None
    if only is not None and (only.dtype.is_integer() or only.dtype in {pl.String, pl.Categorical, pl.Enum}):
        return only.cast(pl.String).to_list()
    return [None if None in row else key_text(row) for row in keys.iter_rows()]


def _moments(times: pl.Series) -> list[int]:
    if times.dtype != pl.Datetime("ns", getattr(times.dtype, "time_zone", None)):
        return times.cast(pl.Datetime("us", getattr(times.dtype, "time_zone", None))).to_physical().to_list()
    return (-(-times.to_physical() // 1_000)).to_list()  # rounded up: never before it happened


def plain_rows(features: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as records of numbers, texts, booleans, None, and lists of these; any other value is its text."""
    odd = [name for name, dtype in features.schema.items() if not _is_plain(dtype)]
    if not features.width:
        return ({} for _ in range(features.height))
    return features.with_columns(_texts(features[name]) for name in odd).iter_rows(named=True)


def _is_plain(dtype: Any) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _is_plain(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return all(_is_plain(field.dtype) for field in dtype.fields)
    small = dtype.is_integer() and dtype not in {pl.Int128, pl.UInt128}
    return small or dtype.is_float() or dtype in {pl.String, pl.Boolean, pl.Null, pl.Categorical, pl.Enum}


def _texts(values: pl.Series) -> pl.Series:
    texts = [None if value is None else str(value) for value in values.to_list()]
    return pl.Series(values.name, texts, dtype=pl.String)
