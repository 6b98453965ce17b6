"""Garbage collection: bytes that nobody can reach are deleted, and old versions are given up when that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta

from msgspec import Struct

from trivium.durations import parse_duration
from trivium.errors import UnsupportedValue
from trivium.failpoints import failpoint
from trivium.store.store import Store
from trivium.tables.delta_mirror import mirror_table
from trivium.tables.erase import finish_interrupted
from trivium.tables.loading.row_cache import collect_row_caches
from trivium.tables.orphans import GRACE, find_orphans
from trivium.values.tables import DataFile


class Garbage(Struct, frozen=True):
    """What is collected of one table: versions that are given up, those that stay and why, files and their bytes."""

    table: str
    versions: tuple[int, ...]
    kept: dict[int, str]
    files: tuple[str, ...]
    bytes: int


def collect_garbage(
    store: Store,
    tables: Iterable[str] | None = None,
    *,
    older_than: str | None = None,
    because: str = "",
    dry_run: bool = False,
    grace: timedelta = GRACE,
) -> list[Garbage]:
    """Of each table: files that no version needs are deleted, what interrupted commits left behind, and cached rows.

    older_than: versions published longer ago ("90d") are given up, except the newest one, those that a snapshot names
    and those that a registered model was trained on; without it, no version is. dry_run: nothing happens, the answer
    is what would. grace: files younger than this stay, for their commit may be under way. Raises NotFound for a table
    that is not there, before anything is deleted.
    """
    specs = store.catalog.tables.list_specs() if tables is None else map(store.catalog.tables.get_spec, tables)
    names = [spec.name for spec in specs]
    return [_collect(store, name, older_than, because, grace, dry_run=dry_run) for name in names]


def _collect(
    store: Store, table: str, older_than: str | None, because: str, grace: timedelta, *, dry_run: bool
) -> Garbage:
    if not dry_run:
        finish_interrupted(store, table)
    pinned = store.catalog.retention.pinned_versions(table) if older_than else {}
    before = store.clock() - parse_duration(older_than) if older_than else None
    old = store.catalog.retention.list_versions(table, before=before) if before else []
    versions = [version for version in old if version not in pinned]
    if versions and not dry_run:
        with suppress(UnsupportedValue):  # the mirror has to hear of what went before nobody knows of it any more
            mirror_table(store, table)
    freed: Sequence[DataFile] = ()
    if versions and dry_run:
        freed = store.catalog.retention.unneeded(table, versions)
    elif versions:
        told = because or f"older than {older_than}"
        freed = store.catalog.retention.collect(table, versions, because=told, actor=store.actor)
    sizes = {file.path: file.bytes for file in freed}
    sizes |= find_orphans(store, table, grace)
    if not dry_run:
        failpoint("gc:collected")
        for path in sizes:
            store.lake.delete(path)
    sizes |= collect_row_caches(store, table, grace=grace, dry_run=dry_run)
    kept = {version: pinned[version] for version in old if version in pinned}
    return Garbage(table, tuple(versions), kept, tuple(sizes), sum(sizes.values()))
