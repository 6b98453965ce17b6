"""Retention over SQL."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from trivium.errors import Misuse, NotFound, VersionConflict
from trivium.ids import checked_name
from trivium.store.catalog.retention import Erasure, FileSpan
from trivium.store.catalog.sql.carrying import remember_carried
from trivium.store.catalog.sql.commits import NEWEST
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.erasure import erase_past
from trivium.store.catalog.sql.profiles import list_renames
from trivium.store.catalog.sql.rows import from_row, iso
from trivium.values.tables import Commit, DataFile, Snapshot


class SqlRetention:
    """Implements `Retention`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record_snapshot(self, snapshot: Snapshot) -> Snapshot:
        checked_name(snapshot.name, "snapshot")
        with self.database.write() as tx:
            known = tx.one(Snapshot, "SELECT * FROM snapshots WHERE name = ?", snapshot.name)
            if known is not None and known.versions == snapshot.versions:
                return known
            if known is not None:
                raise Misuse(
                    f"Snapshot {snapshot.name!r} stands for {_spell(known)} already; give the new one another name."
                )
            for table, version in snapshot.versions.items():
                _readable(tx, table, version)
            tx.insert("snapshots", snapshot)
            detail = {"versions": snapshot.versions, "because": snapshot.because}
            tx.event(snapshot.actor, "snapshot.recorded", snapshot.name, detail)
        return snapshot

    def get_snapshot(self, name: str) -> Snapshot:
        found = self.database.read().one(Snapshot, "SELECT * FROM snapshots WHERE name = ?", name)
        if found is None:
            known = ", ".join(each.name for each in self.list_snapshots(limit=10)) or "none yet"
            raise NotFound(f"There is no snapshot {name!r}. Snapshots: {known}.")
        return found

    def list_snapshots(self, *, limit: int = 200) -> list[Snapshot]:
        return self.database.read().all(
            Snapshot, "SELECT * FROM snapshots ORDER BY created_at DESC, name LIMIT ?", limit
        )

    def pinned_versions(self, table: str) -> dict[int, str]:
        return _pinned(self.database.read(), table)

    def list_versions(self, table: str, *, before: datetime) -> list[int]:
        rows = self.database.read().execute(
            'SELECT version FROM commits WHERE "table" = ? AND version IS NOT NULL AND collected_at IS NULL '
            'AND committed_at < ? AND version < (SELECT MAX(version) FROM commits WHERE "table" = ?) ORDER BY version',
            table, iso(before), table,
        )  # fmt: skip
        return [int(row["version"]) for row in rows]

    def collect(self, table: str, versions: Sequence[int], *, because: str, actor: str) -> list[DataFile]:
        with self.database.write() as tx:
            newest = tx.one(Commit, NEWEST, table)
            _refuse_pinned(table, versions, newest, _pinned(tx, table))
            freed = _unneeded(tx, table, versions)
            collected_at = iso(tx.clock())
            for version in versions:
                tx.execute(
                    'UPDATE commits SET collected_at = ? WHERE "table" = ? AND version = ?',
                    collected_at,
                    table,
                    version,
                )
            remember_carried(tx, table, [file.path for file, _ in freed])
            for file, added_version in freed:
                tx.execute("DELETE FROM files WHERE path = ? AND added_version = ?", file.path, added_version)
            kept = _paths(tx, table)
            gone = {file.path: file for file, _ in freed if file.path not in kept}
            detail = {"versions": sorted(versions), "files": len(gone), "because": because}
            tx.event(actor, "table.collected", table, detail)
        return list(gone.values())

    def unneeded(self, table: str, versions: Sequence[int]) -> list[DataFile]:
        tx = self.database.read()
        freed = _unneeded(tx, table, versions)
        kept = _paths(tx, table, without={(file.path, added_version) for file, added_version in freed})
        return list({file.path: file for file, _ in freed if file.path not in kept}.values())

    def named_paths(self, table: str) -> set[str]:
        return _paths(self.database.read(), table)

    def list_spans(self, table: str) -> list[FileSpan]:
        rows = self.database.read().execute('SELECT * FROM files WHERE "table" = ? ORDER BY added_version, path', table)
        return [FileSpan(from_row(DataFile, row), row["added_version"], row["removed_version"]) for row in rows]

    def list_aside(self, table: str) -> list[Commit]:
        return self.database.read().all(
            Commit,
            "SELECT * FROM commits WHERE \"table\" = ? AND state IN ('quarantined', 'discarded') ORDER BY id",
            table,
        )

    def list_judged(self, table: str, partitions: Sequence[str]) -> list[Commit]:
        marks = ", ".join("?" * len(partitions))
        return self.database.read().all(
            Commit,
            "SELECT c.* FROM commits c WHERE c.id IN (SELECT commit_id FROM judgements WHERE \"table\" = ? "
            f"AND partition IN ({marks})) ORDER BY c.id",
            table, *partitions,
        )  # fmt: skip

    def list_renames(self, table: str) -> list[tuple[int, dict[str, str]]]:
        return list_renames(self.database.read(), table)

    def erase(self, erasure: Erasure, *, actor: str) -> Mapping[int, int]:
        with self.database.write() as tx:
            newest = tx.one(Commit, NEWEST, erasure.table)
            if newest is None or newest.version != erasure.newest:
                raise VersionConflict(f"Table {erasure.table!r} changed meanwhile; repeat the erasure.")
            if not _paths(tx, erasure.table, ("quarantined", "discarded")) <= erasure.searched:
                raise VersionConflict(f"Table {erasure.table!r} got another file meanwhile; repeat the erasure.")
            return erase_past(tx, erasure, newest, actor)

    def scrub(self) -> None:
        self.database.scrub()


def _pinned(tx: Transaction, table: str) -> dict[int, str]:
    rows = tx.execute(
        "SELECT r.version, m.name, m.version AS trained FROM lineage_reads r JOIN model_versions m ON m.run = r.run "
        "WHERE r.kind = 'table' AND r.name = ? ORDER BY m.name DESC, m.version DESC",
        table,
    )
    pinned = {int(row["version"]): f"model {row['name']} version {row['trained']} was trained on it" for row in rows}
    for snapshot in tx.all(Snapshot, "SELECT * FROM snapshots"):
        if table in snapshot.versions:
            pinned[snapshot.versions[table]] = f"snapshot {snapshot.name!r} names it"
    return pinned


def _refuse_pinned(table: str, versions: Iterable[int], newest: Commit | None, pinned: Mapping[int, str]) -> None:
    for version in versions:
        if newest is None or newest.version is None or version >= newest.version:
            raise Misuse(f"Version {version} of table {table!r} is the newest one; it is never collected.")
        if version in pinned:
            raise Misuse(f"Version {version} of table {table!r} has to stay: {pinned[version]}.")


def _unneeded(tx: Transaction, table: str, versions: Sequence[int]) -> list[tuple[DataFile, int]]:
    """(file, added version) of the spans that contain no version that stays."""
    given_up = set(versions)
    kept = [
        int(row[0])
        for row in tx.execute(
            'SELECT version FROM commits WHERE "table" = ? AND version IS NOT NULL AND collected_at IS NULL '
            "ORDER BY version",
            table,
        ).fetchall()
        if row[0] not in given_up
    ]
    rows = tx.execute('SELECT * FROM files WHERE "table" = ? AND removed_version IS NOT NULL', table).fetchall()
    return [
        (from_row(DataFile, row), int(row["added_version"]))
        for row in rows
        if not _any_within(kept, row["added_version"], _end(row))
    ]


def _end(row: Mapping[str, Any]) -> int:
    """The version before which a file's span ends.

    A file that a compaction replaced is still what other engines know of that version, until the next one is mirrored.
    """
    passing = row["added_by"] == "compact" and row["added_version"] == row["removed_version"]
    return int(row["removed_version"]) + (row["removed_by"] == "compact" and not passing)


def _any_within(versions: Sequence[int], start: int, end: int) -> bool:
    from_start = bisect_left(versions, start)
    return from_start < len(versions) and versions[from_start] < end


def _paths(
    tx: Transaction,
    table: str,
    states: Sequence[str] = ("quarantined",),
    without: Container[tuple[str, int]] = frozenset(),
) -> set[str]:
    """The paths that versions name, and commits in one of these states.

    without: (path, added version) of spans that do not count.
    """
    spans = tx.execute('SELECT path, added_version FROM files WHERE "table" = ?', table).fetchall()
    carried = {path for path, added_version in spans if (path, int(added_version)) not in without}
    marks = ", ".join("?" * len(states))
    aside = tx.all(Commit, f'SELECT * FROM commits WHERE "table" = ? AND state IN ({marks})', table, *states)
    return carried | {file.path for commit in aside for file in commit.added}


def _readable(tx: Transaction, table: str, version: int) -> None:
    commit = tx.one(Commit, 'SELECT * FROM commits WHERE "table" = ? AND version = ?', table, version)
    if commit is None or commit.collected_at is not None:
        raise NotFound(f"Table {table!r} has no version {version} that can be read.")


def _spell(snapshot: Snapshot) -> str:
    return ", ".join(f"{table} version {version}" for table, version in snapshot.versions.items())
