"""Looking rows up by key, as a model that serves does: the newest published row, never one from the future."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from msgspec import Struct

from trivium.errors import Misuse, NotFound
from trivium.store.online import Keyed
from trivium.store.store import Store
from trivium.values.tables import TableSpec


class Lookup(Struct, frozen=True):
    """What a key had: values by column (None: no such key), the table version, and the row's own event time (ISO)."""

    key: str
    version: int
    at: str
    values: dict[str, Any] | None


def lookup_rows(
    store: Store, table: str, keys: Sequence[str], at: Sequence[datetime | None] | None = None
) -> list[Lookup]:
    """For each key the newest published row; with `at`, the newest that is not after that moment.

    The answer is consistent with the table's newest published version; quarantined rows are never seen.
    Raises NotFound without a version, Misuse without a key or with another number of moments than of keys.
    """
    if at is not None and len(at) != len(keys):
        raise Misuse(f"{len(keys)} keys need as many moments in `at`, not {len(at)}.")
    version = refresh_online(store, table)
    moments = at if at is not None else [None] * len(keys)
    return [_find(store, table, key, moment, version) for key, moment in zip(keys, moments, strict=True)]


def refresh_online(store: Store, table: str) -> int:
    """The online copy has what the table's newest version has; returns that version.

    Only the files added since the last time are read, one at a time; all of them once rows were removed.
    """
    newest = store.catalog.tables.find_version(table)
    if newest is None or newest.version is None:
        raise NotFound(f"Table {table!r} has no published version to look up in.")
    version = newest.version
    if store.online.version(table) < version:
        spec = store.catalog.tables.get_spec(table)
        if not spec.key:
            raise Misuse(f"Table {table!r} has no key, so nothing can be looked up in it; declare `key=`.")
        store.online.catch_up(table, version, lambda have: _changes(store, spec, version, have))
    return version


def key_text(values: Iterable[Any]) -> str:
    """A key as the online store spells it: the value itself, or a JSON list of several."""
    parts = [str(value) for value in values]
    return parts[0] if len(parts) == 1 else json.dumps(parts)


def _changes(store: Store, spec: TableSpec, version: int, have: int) -> tuple[bool, Iterable[Keyed]]:
    before = {file.path for file in store.catalog.tables.files(spec.name, have)}
    files = store.catalog.tables.files(spec.name, version)
    afresh = not before <= {file.path for file in files}
    added = files if afresh else [file for file in files if file.path not in before]
    return afresh, (row for file in added for row in _online_rows(spec, store.lake.scan([file]).collect()))


def _online_rows(spec: TableSpec, rows: pl.DataFrame) -> Iterable[Keyed]:
    named = spec.key if spec.time is None else (*spec.key, spec.time)
    for row in rows.iter_rows(named=True):
        values = {name: _plain(value) for name, value in row.items() if name not in named}
        yield key_text(row[name] for name in spec.key), _moment(row[spec.time]) if spec.time else "", values


def _find(store: Store, table: str, key: str, at: datetime | None, version: int) -> Lookup:
    found = store.online.get(table, key) if at is None else store.online.get(table, key, at=_moment(at))
    if found is None:
        return Lookup(key, version, "", None)
    return Lookup(key, version, found[1], found[2])


def _moment(value: Any) -> str:
    # Text sorts by time only in one zone: UTC, which is also what a time without a zone is taken for.
    if not isinstance(value, datetime):
        return str(value)
    wall = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return wall.isoformat(timespec="microseconds")


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
