"""Named snapshots: versions of several tables, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping

from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.values.tables import Snapshot


def record_snapshot(store: Store, name: str, tables: Mapping[str, int | None], *, because: str = "") -> Snapshot:
    """The name stands for these versions (None: the newest), all of one moment, and they are never collected.

    A name that stands already for what it is asked for stays. Raises InvalidName, Misuse for a name that is taken or
    no tables, NotFound for a version that is not there.
    """
    if not tables:
        raise Misuse(f"Snapshot {name!r} names no table; name one or more.")
    newest = {commit.table: commit.version for commit in store.catalog.tables.list_latest()}
    versions = {table: version if version is not None else newest.get(table) for table, version in tables.items()}
    absent = [table for table, version in versions.items() if version is None]
    if absent:
        raise NotFound(f"There is no published version of {', '.join(absent)} to take a snapshot of.")
    found = {table: version for table, version in versions.items() if version is not None}
    return store.catalog.retention.record_snapshot(Snapshot(name, found, store.actor, store.clock(), because))
