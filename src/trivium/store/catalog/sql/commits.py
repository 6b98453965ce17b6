"""A commit becomes a version, is kept aside, or is settled later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from trivium.errors import Misuse, SchemaMismatch, VersionConflict
from trivium.store.catalog.columns import follow_renames, merge_columns
from trivium.store.catalog.sql.database import Transaction
from trivium.store.catalog.sql.files import add_files, live_files, next_digest, remove_files, written_after
from trivium.store.catalog.sql.rows import iso
from trivium.values.tables import Column, Commit

NEWEST = 'SELECT * FROM commits WHERE "table" = ? AND version IS NOT NULL ORDER BY version DESC LIMIT 1'
RENAMED_SINCE = "SELECT * FROM commits WHERE \"table\" = ? AND renamed <> '{}' AND committed_at >= ? ORDER BY version"
OVERWRITTEN_SINCE = (
    "SELECT * FROM commits WHERE \"table\" = ? AND operation = 'overwrite' AND version IS NOT NULL "
    "AND committed_at > ? ORDER BY version"
)
EVENT_OF_STATE = {"valid": "table.committed", "flagged": "table.committed", "quarantined": "table.quarantined"}
RESHAPES = ("rename", "widen", "restore")


def refuse_conflict(tx: Transaction, commit: Commit, newest: Commit | None) -> None:
    """Raises VersionConflict when somebody else changed what this commit was made from."""
    current = 0 if newest is None else newest.version
    if commit.base is None or commit.base == current:
        return
    if commit.operation == "overwrite" and not written_after(tx, commit):
        return
    raise VersionConflict(
        f"Table {commit.table!r} went from version {commit.base} to {current} meanwhile, and "
        f"{', '.join(commit.partitions[:5])} was written to; read it again and repeat the {commit.operation}."
    )


def moment_after(tx: Transaction, tables: Iterable[str]) -> datetime:
    """The moment of a commit to these tables: now, and never before their newest versions, whatever a clock says."""
    now = iso(tx.clock())
    for table in tables:
        newest = tx.execute(NEWEST.replace("*", "committed_at"), table).fetchone()
        now = max(now, newest[0] if newest is not None else now)
    return datetime.fromisoformat(now)


def store_commit(tx: Transaction, commit: Commit, newest: Commit | None, moment: datetime) -> Commit:
    """The commit is the next version as of this moment, or kept aside when it is quarantined."""
    commit = msgspec.structs.replace(commit, committed_at=moment)
    if commit.state == "quarantined":
        stored = msgspec.structs.replace(commit, rows=added_rows(commit))
        tx.insert("commits", stored)
        return stored
    version = 1 if newest is None or newest.version is None else newest.version + 1
    columns = _columns_after(commit, newest)
    if commit.operation == "restore":
        _refuse_collected(tx, commit)
    removed = remove_files(tx, commit.table, _removed_paths(tx, commit), version)
    digest = next_digest(tx, newest, commit.added, removed)
    add_files(tx, commit.table, commit.added, version)
    rows = (newest.rows if newest is not None else 0) + added_rows(commit) - sum(file.rows for file in removed)
    stored = msgspec.structs.replace(
        commit, version=version, rows=rows, columns=columns, digest=digest, removed=tuple(file.path for file in removed)
    )
    tx.insert("commits", stored)
    return stored


def settle_commit(tx: Transaction, commit: Commit, *, release: bool) -> Commit:
    """A quarantined commit is a flagged version now, or discarded. Raises Misuse, VersionConflict."""
    if commit.state != "quarantined":
        raise Misuse(f"Commit {commit.id} of {commit.table} is {commit.state}; only a quarantined one is settled.")
    if not release:
        settled = msgspec.structs.replace(commit, state="discarded")
        tx.replace("commits", settled)
        return settled
    newest = tx.one(Commit, NEWEST, commit.table)
    refuse_conflict(tx, commit, newest)
    _refuse_old_names(tx, commit)
    _refuse_repaired(tx, commit)
    tx.execute("DELETE FROM commits WHERE id = ?", commit.id)
    released = msgspec.structs.replace(commit, state="flagged")
    return store_commit(tx, released, newest, moment_after(tx, [commit.table]))


def added_rows(commit: Commit) -> int:
    """How many rows the commit's files hold."""
    return sum(file.rows for file in commit.added)


def describe(commit: Commit) -> dict[str, object]:
    """What the event of a commit tells."""
    return {
        "commit": commit.id, "version": commit.version, "state": commit.state, "operation": commit.operation,
        "partitions": list(commit.partitions), "rows": added_rows(commit), "run": commit.run,
    }  # fmt: skip


def _refuse_collected(tx: Transaction, commit: Commit) -> None:
    """Raises VersionConflict for a file that was given up since the commit was drafted: its bytes may be gone."""
    for file in commit.added:
        known = tx.execute('SELECT 1 FROM files WHERE path = ? AND "table" = ? LIMIT 1', file.path, commit.table)
        if known.fetchone() is None:
            raise VersionConflict(f"A version of table {commit.table!r} was given up meanwhile; repeat the restore.")


def _refuse_old_names(tx: Transaction, commit: Commit) -> None:
    """Raises SchemaMismatch when a column has been renamed since the commit was kept aside: the name would be back."""
    since = tx.all(Commit, RENAMED_SINCE, commit.table, iso(commit.committed_at))
    for column in commit.columns:
        now = follow_renames(column.name, [each.renamed for each in since])
        if now != column.name:
            raise SchemaMismatch(
                f"Column {column.name!r} of table {commit.table!r} is called {now!r} by now, and commit {commit.id} is "
                "older: discard it, and commit its rows under that name."
            )


def _refuse_repaired(tx: Transaction, commit: Commit) -> None:
    """Raises VersionConflict when one of its partitions was overwritten since: its rows would be there twice."""
    for later in tx.all(Commit, OVERWRITTEN_SINCE, commit.table, iso(commit.committed_at)):
        again = sorted({*commit.partitions} & {*later.partitions})
        if again and commit.operation != "overwrite":
            raise VersionConflict(
                f"Partition {again[0]} of table {commit.table!r} was given anew in version {later.version}, after "
                f"commit {commit.id} was kept aside: discard it, or commit the rows that are still missing."
            )


def _columns_after(commit: Commit, newest: Commit | None) -> tuple[Column, ...]:
    if commit.operation in RESHAPES:
        return commit.columns
    return merge_columns(commit.table, newest.columns if newest is not None else (), commit.columns)


def _removed_paths(tx: Transaction, commit: Commit) -> list[str]:
    """An overwrite replaces what its partitions hold now; everything else names its files."""
    if commit.operation != "overwrite":
        return list(commit.removed)
    return [file.path for file in live_files(tx, commit.table, commit.partitions)]
