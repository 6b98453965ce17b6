"""Each published version as a Delta Lake log entry beside the files, so that other engines read the table without us.

The mirror is derived. It is written after a commit, catches up at the next one when it could not be, and can be thrown
away. Version n of the table is version n of the log; entry 0 holds the columns and no rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from trivium.errors import NotFound, VersionConflict
from trivium.failpoints import failpoint
from trivium.store.store import Store
from trivium.tables.delta_checkpoint import EVERY, checkpoint_name, pointer, pointer_name, write_checkpoint
from trivium.tables.delta_log import (
    FOLDER,
    Action,
    add_action,
    commit_action,
    entry_name,
    file_actions,
    metadata_action,
    protocol_action,
    spell,
)
from trivium.values.tables import Column, Commit

TRIES = 5


class Mirrored:
    """The tables whose mirror this process has looked at."""

    def __init__(self) -> None:
        self.tables: set[str] = set()


def mirror_table(store: Store, table: str, newest: Commit | None = None, *, anew: bool = False) -> int:
    """The mirror has every version up to this commit's (None: the newest one); returns it.

    A version that another process has not mirrored yet is mirrored here: whoever is first. anew: no entry that is
    there is believed. Raises NotFound without a version, UnsupportedValue when a column has a type that Delta Lake does
    not have: the table has no mirror then.
    """
    newest = newest or store.catalog.tables.find_version(table)
    if newest is None or newest.version is None:
        raise NotFound(f"Table {table!r} has no published version to mirror.")
    looked = store.kept.get(Mirrored).tables
    missing = newest.version if table in looked and not anew else _mend(store, table, newest)
    looked.add(table)
    missing = 1 if anew else missing
    while missing > 0 and store.lake.storage.stat(entry_name(table, missing - 1)) is None:
        missing -= 1
    for version in range(max(missing, 1), newest.version + 1):
        _mirror_version(store, newest if version == newest.version else _version(store, table, version), anew=anew)
    return newest.version


def _mirror_version(store: Store, commit: Commit, *, anew: bool) -> None:
    version = commit.version or 0
    before = _version(store, commit.table, version - 1).columns if version > 1 else commit.columns
    failpoint("mirror:writing")
    _put(store, entry_name(commit.table, version), lambda: _entry(store, commit, before), anew=anew)
    if version % EVERY == 0:
        _write_checkpoint(store, commit, anew=anew)


def _version(store: Store, table: str, version: int) -> Commit:
    """A version's commit; 0, the empty table, has the columns of 1."""
    commit = store.catalog.tables.find_version(table, max(version, 1))
    assert commit is not None  # noqa: S101 # versions have no gaps
    return commit


def forget_mirror(store: Store, table: str) -> None:
    """The mirror is gone; the next commit makes it anew."""
    for file in list(store.lake.storage.list_files(f"{table}/{FOLDER}")):
        store.lake.storage.delete(file.name)
    store.kept.get(Mirrored).tables.discard(table)


def _mend(store: Store, table: str, newest: Commit) -> int:
    """The first version that has no entry: what a power loss tore is gone, to be written again. Entry 0 is there."""
    names = {file.name for file in store.lake.storage.list_files(f"{table}/{FOLDER}")}
    for version in range(newest.version or 0, 0, -1):
        name = entry_name(table, version)
        if name in names:
            if _is_whole(store, name):
                break
            store.lake.storage.delete(name)
            names.discard(name)
    if entry_name(table, 0) not in names:
        _put(store, entry_name(table, 0), lambda: _shape(_version(store, table, 0)))
    versions = range(1, newest.version or 0)
    return next((each for each in versions if entry_name(table, each) not in names), newest.version or 0)


def _entry(store: Store, commit: Commit, before: Sequence[Column]) -> list[Action]:
    changes = store.catalog.tables.file_changes(commit.table, commit.version or 0)
    actions = [commit_action(commit), *file_actions(commit.table, changes, commit.committed_at)]
    if tuple(before) != commit.columns:
        actions[1:1] = _shape(commit)
    return actions


def _write_checkpoint(store: Store, commit: Commit, *, anew: bool) -> None:
    """Only what the entries up to here add up to: a compaction since then belongs to the next entry."""
    name = checkpoint_name(commit.table, commit.version or 0)
    try:
        size = _put_checkpoint(store, name, commit)
    except VersionConflict:
        if not anew:
            return
        store.lake.storage.delete(name)
        size = _put_checkpoint(store, name, commit)
    store.lake.storage.delete(pointer_name(commit.table))
    store.lake.storage.put(pointer_name(commit.table), pointer(commit.version or 0, size), derived=True)


def _put_checkpoint(store: Store, name: str, commit: Commit) -> int:
    """The checkpoint is there; returns of how many actions it is."""
    version = commit.version or 0
    files = store.catalog.tables.files_as_published(commit.table, version)
    at = int(commit.committed_at.timestamp() * 1000)
    adds = [add_action(commit.table, file, at) for file in files]
    actions = [*_shape(commit), *adds]
    store.lake.storage.put_file(name, lambda aside: write_checkpoint(aside, actions))
    return len(actions)


def _shape(commit: Commit) -> list[Action]:
    return [protocol_action(commit.columns), metadata_action(commit.table, commit.columns, commit.committed_at)]


def _put(store: Store, name: str, facts: Callable[[], Sequence[Action]], *, anew: bool = False) -> None:
    """There is an entry. One that is there with other bytes was written before versions were collected, which is right;
    unless all is made anew after an erasure: then it is of a writer that was slow, and names a file that is gone."""
    for _ in range(TRIES):
        try:
            store.lake.storage.put(name, spell(facts()), derived=True)
        except VersionConflict:
            if not anew:
                return
            store.lake.storage.delete(name)
        else:
            return


def _is_whole(store: Store, name: str) -> bool:
    try:
        return all(json.loads(line) for line in store.lake.storage.get(name).splitlines())
    except (json.JSONDecodeError, UnicodeDecodeError, NotFound):
        return False
