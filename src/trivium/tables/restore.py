"""Restore: the next version has what an older one had. Nothing is lost; the versions in between stay readable."""

from __future__ import annotations

from msgspec.structs import replace

from trivium.store.catalog.columns import follow_renames
from trivium.store.store import Store
from trivium.tables.commit import draft_commit, publish, version_of
from trivium.tables.read import get_readable
from trivium.tables.repeat import repeat_on_conflict
from trivium.tables.rewrite import gone
from trivium.values.alerts import Judgement
from trivium.values.tables import Commit, DataFile


def restore_version(store: Store, name: str, version: int) -> Commit:
    """The table is as it was in that version: rows, columns, and what the checks had said of the partitions.

    When nothing differs, the newest version is returned. Raises NotFound for a version that is not there (any more).
    """
    return repeat_on_conflict(store, lambda noting: _restore(noting, name, version))


def _restore(store: Store, name: str, version: int) -> Commit:
    newest, old = get_readable(store, name), get_readable(store, name, version)
    wanted = {file.path: file for file in store.catalog.tables.files(name, version)}
    live = {file.path: file for file in store.catalog.tables.files(name, version_of(newest))}
    removed = [file for path, file in live.items() if path not in wanted]
    added = [file for path, file in wanted.items() if path not in live]
    if newest.digest == old.digest and newest.columns == old.columns:
        return newest
    partitions = sorted({file.partition for file in [*removed, *added]})
    draft = draft_commit(
        store,
        store.catalog.tables.get_spec(name),
        operation="restore",
        partitions=partitions,
        columns=old.columns,
        added=added,
        removed=[file.path for file in removed],
        judgements=[_judged(store, old, partition, wanted) for partition in partitions],
        base=version_of(newest),
        renamed=_renamed(store, newest, old),
    )
    # What its checks said then was answered then: a restore opens no alert again.
    draft = replace(draft, commit=replace(draft.commit, state="valid"), alerts=())
    return publish(store, draft)


def _renamed(store: Store, newest: Commit, old: Commit) -> dict[str, str]:
    """The names of columns that are taken back: what they are called now to what they were called then."""
    since = [names for at, names in store.catalog.retention.list_renames(old.table) if at > version_of(old)]
    have = {column.name for column in newest.columns}
    now = {follow_renames(column.name, since): column.name for column in old.columns}
    return {name: then for name, then in now.items() if name != then and name in have}


def _judged(store: Store, old: Commit, partition: str, wanted: dict[str, DataFile]) -> Judgement:
    if not any(file.partition == partition for file in wanted.values()):
        return gone(old.table, partition)
    found = store.catalog.tables.find_judgement(old.table, partition, version=version_of(old))
    return found or gone(old.table, partition)
