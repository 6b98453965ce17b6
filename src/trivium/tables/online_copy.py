"""The online copy of a table follows its newest version, by the data files that came and went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl

from trivium.errors import Misuse, NotFound
from trivium.store.catalog.content import MODULUS, content_of
from trivium.store.online import EARLIEST
from trivium.store.online_changes import Added, Bodied, Changes, Keyed, Merged, Removed
from trivium.store.store import Store
from trivium.values.tables import DataFile, TableSpec

CHUNK_VALUES = 1_000_000
MOST_COMMITS = 32  # further behind than that, all partitions are compared
RESHAPING = ("rename", "widen", "restore", "erase")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # moments are counted on the clock of UTC
encode = msgspec.msgpack.Encoder().encode


def refresh_online(store: Store, table: str) -> int:
    """The online copy has what the table's newest version has; returns that version.

    Only the rows of data files that came or went since are read, a part of a file at a time. Files that a compaction
    merged are not read. Raises NotFound without a version, Misuse for a table without a key.
    """
    version = store.catalog.tables.newest_version(table)
    if not version:
        raise NotFound(f"Table {table!r} has no published version to look up in.")
    copy = store.online.table(table)
    if copy.version() < version:
        spec = store.catalog.tables.get_spec(table)
        if not spec.key:
            raise Misuse(f"Table {table!r} has no key, so nothing can be looked up in it; declare `key=`.")
        copy.catch_up(version, lambda have, files: _plan(store, spec, version, have, files))
    return version


def key_text(values: Iterable[Any]) -> str:
    """A key as the online store spells it: the value itself, or a JSON list of several."""
    parts = [str(value) for value in values]
    return parts[0] if len(parts) == 1 else json.dumps(parts)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, which is also what a time without a zone is taken for."""
    wall = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    since = wall - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _plan(store: Store, spec: TableSpec, version: int, have: int, files: Sequence[DataFile]) -> Changes:
    touched = _touched(store, spec.name, have, version)
    live = store.catalog.tables.files(spec.name, version, touched)
    here = [file for file in files if touched is None or file.partition in touched]
    places_live, places_here = {_place(file) for file in live}, {_place(file) for file in here}
    gone = [file for file in here if _place(file) not in places_live]
    came = [file for file in live if _place(file) not in places_here]
    merged = tuple(find_merged(gone, came))
    kept = {path for each in merged for path in (each.file.path, *each.replaced)}
    removed = [file for file in gone if file.path not in kept]
    if sum(file.rows for file in removed) * 2 > sum(file.rows for file in files):
        return Changes(True, (), (), _added(store, spec, store.catalog.tables.files(spec.name, version)))
    return Changes(
        afresh=False,
        merged=merged,
        removed=(Removed(file.path, _keys(store, spec, file)) for file in removed),
        added=_added(store, spec, [file for file in came if file.path not in kept]),
    )


def _place(file: DataFile) -> tuple[str, int]:
    return file.path, file.rank


def _touched(store: Store, table: str, have: int, version: int) -> list[str] | None:
    """The partitions that commits after version `have` may have changed; None: all."""
    if have == 0 or version - have > MOST_COMMITS:
        return None
    touched: set[str] = set()
    for number in range(have + 1, version + 1):
        commit = store.catalog.tables.find_version(table, number)
        if commit is None or commit.operation in RESHAPING:
            return None
        touched |= set(commit.partitions)
    return sorted(touched)


def find_merged(gone: Sequence[DataFile], came: Sequence[DataFile]) -> Iterator[Merged]:
    """Files that carry just the rows of neighbours that are gone: the contents of a compacted file add up."""
    left: dict[str, list[DataFile]] = {}
    for file in sorted(gone, key=lambda each: (each.partition, each.rank, each.path)):
        left.setdefault(file.partition, []).append(file)
    for file in came:
        files = left.get(file.partition, [])
        start, end = _run_of(files, content_of(file)) if file.content else (0, 0)
        if end:
            yield Merged(file, tuple(each.path for each in files[start:end]))
            files[start:end] = [file]  # its neighbours do not become each other's


def _run_of(files: Sequence[DataFile], content: int) -> tuple[int, int]:
    """Where the neighbours whose contents add up to this one start and end; (0, 0): nowhere."""
    starts, total = {0: 0}, 0
    for place, file in enumerate(files, 1):
        total = (total + content_of(file)) % MODULUS
        start = starts.get((total - content) % MODULUS)
        if start is not None:
            return start, place
        starts[total] = place
    return 0, 0


def _added(store: Store, spec: TableSpec, files: Iterable[DataFile]) -> Iterator[Added]:
    return (Added(file, _rows(store, spec, file)) for file in files)


def _rows(store: Store, spec: TableSpec, file: DataFile) -> Iterator[Bodied]:
    for chunk in _chunks(store.lake.scan([file]), file.rows):
        keyed = _keyed(spec, chunk)
        features = chunk.drop(*spec.key, *([spec.time] if spec.time else []))
        bodies = map(encode, plain_rows(features))
        yield from ((key, moment, body) for (key, moment), body in zip(keyed, bodies, strict=True) if key is not None)


def _keys(store: Store, spec: TableSpec, file: DataFile) -> Iterator[Keyed] | None:
    """Keys and moments of a file that is not in the table any more; None when its bytes are gone too."""
    if not store.lake.has(file):
        return None
    named = [*spec.key, *([spec.time] if spec.time else [])]
    chunks = _chunks(store.lake.scan([file]).select(named), file.rows)
    return ((key, moment) for chunk in chunks for key, moment in _keyed(spec, chunk) if key is not None)


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
