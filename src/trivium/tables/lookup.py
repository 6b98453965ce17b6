"""Looking rows up by key, as a model that serves does: the newest published row, never one from the future."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from msgspec import Struct

from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.values.tables import Commit, TableSpec


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
    """
    version = refresh_online(store, table)
    moments = at if at is not None else [None] * len(keys)
    return [_find(store, table, key, moment, version) for key, moment in zip(keys, moments, strict=True)]


def refresh_online(store: Store, table: str) -> int:
    """The online copy has what the table's newest version has; returns that version.

    Only the files added since the last time are read, one at a time.
    """
    newest = store.catalog.tables.find_version(table)
    if newest is None or newest.version is None:
        raise NotFound(f"Table {table!r} has no published version to look up in.")
    have = store.online.version(table)
    if have < newest.version:
        _catch_up(store, newest, newest.version, have)
    return newest.version


def key_text(values: Iterable[Any]) -> str:
    """A key as the online store spells it: the value itself, or a JSON list of several."""
    parts = [str(value) for value in values]
    return parts[0] if len(parts) == 1 else json.dumps(parts)


def _catch_up(store: Store, newest: Commit, version: int, have: int) -> None:
    spec = store.catalog.tables.get_spec(newest.table)
    if not spec.key:
        raise Misuse(f"Table {spec.name!r} has no key, so nothing can be looked up in it; declare `key=`.")
    before = {file.path for file in store.catalog.tables.files(spec.name, have)} if have else set()
    for file in store.catalog.tables.files(spec.name, version):
        if file.path not in before:
            rows = store.lake.scan([file]).collect()
            store.online.put(spec.name, have, list(_online_rows(spec, rows)))
    store.online.put(spec.name, version, [])


def _online_rows(spec: TableSpec, rows: pl.DataFrame) -> Iterable[tuple[str, str, dict[str, Any]]]:
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
    # Offsets would not sort as text; event times of one table share one zone, so only the wall time is compared.
    return value.isoformat(timespec="microseconds")[:26] if isinstance(value, datetime) else str(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
