"""Which files carry which version of a table."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trivium.errors import VersionConflict
from trivium.store.catalog.content import content_digest, content_of, sum_content
from trivium.store.catalog.sql.database import Transaction
from trivium.store.catalog.sql.rows import from_row
from trivium.store.catalog.tables import FileChanges
from trivium.values.tables import Commit, DataFile

IN_ORDER = " ORDER BY partition, rank, path"


def live_files(tx: Transaction, table: str, partitions: Sequence[str] | None = None) -> list[DataFile]:
    """The files of the newest version, or only those of these partitions."""
    which, values = _among(partitions)
    statement = 'SELECT * FROM files WHERE "table" = ? AND removed_version IS NULL'
    return tx.all(DataFile, statement + which + IN_ORDER, table, *values)


def files_at(tx: Transaction, table: str, version: int, partitions: Sequence[str] | None = None) -> list[DataFile]:
    """The files of this version. Those still live and those removed since are two ranges of two indexes.

    A plus keeps a database without statistics from reading by `added_version`, which is almost everything.
    """
    which, values = _among(partitions)
    chosen = 'SELECT path, partition, rows, bytes, digest, stamp, content, rank FROM files WHERE "table" = ?'
    return tx.all(
        DataFile,
        f"{chosen} AND removed_version IS NULL AND +added_version <= ?{which} "
        f"UNION ALL {chosen} AND removed_version > ? AND +added_version <= ?{which}" + IN_ORDER,
        table, version, *values, table, version, version, *values,
    )  # fmt: skip


def add_files(tx: Transaction, table: str, files: Sequence[DataFile], version: int, by: str = "commit") -> None:
    """The files are part of the table from this version on. A file without a place comes after the ones before it."""
    for file in files:
        placed = msgspec.structs.replace(file, rank=file.rank or version)
        tx.insert("files", placed, table=table, added_version=version, added_by=by)


def remove_files(tx: Transaction, table: str, paths: Sequence[str], version: int, by: str = "commit") -> list[DataFile]:
    """The files are no part of the table from this version on; returns them. Raises VersionConflict for others."""
    removed = []
    for path in paths:
        live = "path = ? AND removed_version IS NULL"
        file = tx.one(DataFile, f"SELECT * FROM files WHERE {live}", path)
        if file is None:
            raise VersionConflict(f"The files of table {table!r} changed meanwhile; read it again and repeat the act.")
        tx.execute(f"UPDATE files SET removed_version = ?, removed_by = ? WHERE {live}", version, by, path)
        removed.append(file)
    return removed


def written_after(tx: Transaction, commit: Commit) -> bool:
    """Whether somebody wrote to the commit's partitions after the version that it was made from."""
    which, values = _among(commit.partitions)
    written = "SELECT 1 FROM files WHERE \"table\" = ? AND {0}_version > ? AND {0}_by = 'commit'" + which + " LIMIT 1"
    return any(
        tx.execute(written.format(side), commit.table, commit.base, *values).fetchone() is not None
        for side in ("added", "removed")
    )


def changes_of(tx: Transaction, table: str, version: int) -> FileChanges:
    """What this version added and removed, and what compactions did to the version before it."""
    added, removed = _changed(tx, "added", table, version), _changed(tx, "removed", table, version)
    # A merged file that this version removed at once has never been seen from outside: its parts were removed.
    unseen = {file.path for file, _ in added} & {file.path for file, _ in removed}
    moved = frozenset(file.path for file, by in [*added, *removed] if by == "compact")
    return FileChanges(
        tuple(file for file, _ in added if file.path not in unseen),
        tuple(file for file, _ in removed if file.path not in unseen),
        frozenset() if unseen else moved,
    )


def files_as_published(tx: Transaction, table: str, version: int) -> list[DataFile]:
    """The files of this version before it was compacted."""
    before = "(({0}_by = 'commit' AND {0}_version <= ?) OR ({0}_by = 'compact' AND {0}_version < ?))"
    return tx.all(
        DataFile,
        f'SELECT * FROM files WHERE "table" = ? AND {before.format("added")} '
        f"AND NOT (removed_version IS NOT NULL AND {before.format('removed')})" + IN_ORDER,
        table, version, version, version, version,
    )  # fmt: skip


def _changed(tx: Transaction, side: str, table: str, version: int) -> list[tuple[DataFile, str]]:
    rows = tx.execute(
        f'SELECT * FROM files WHERE "table" = ? AND {side}_version IN (?, ?) '
        f"AND {side}_by = CASE {side}_version WHEN ? THEN 'commit' ELSE 'compact' END" + IN_ORDER,
        table, version, version - 1, version,
    )  # fmt: skip
    return [(from_row(DataFile, row), row[f"{side}_by"]) for row in rows.fetchall()]


def next_digest(tx: Transaction, newest: Commit | None, added: Sequence[DataFile], removed: Sequence[DataFile]) -> str:
    """The content of the newest version with these files more and those less."""
    if newest is None:
        before = 0
    elif newest.digest:
        before = int(newest.digest, 16)
    else:  # written before contents were recorded; the removed ones are not live any more
        before = sum_content([*live_files(tx, newest.table), *removed])
    return content_digest(before + sum_content(added) - sum_content(removed))


def swap_files(tx: Transaction, table: str, version: int, removed: Sequence[DataFile], added: DataFile) -> bool:
    """`added` carries the rows of `removed` from this version on; False when one of those is not live any more."""
    live = {file.path for file in live_files(tx, table, [added.partition])}
    if not {file.path for file in removed} <= live:
        return False
    remove_files(tx, table, [file.path for file in removed], version, by="compact")
    carried = content_digest(sum(content_of(file) for file in removed))
    place = max(file.rank for file in removed)
    add_files(tx, table, [msgspec.structs.replace(added, content=carried, rank=place)], version, by="compact")
    return True


def _among(partitions: Sequence[str] | None) -> tuple[str, Sequence[str]]:
    if partitions is None:
        return " AND partition >= ''", ()  # every one, by the index of those that are live
    return f" AND partition IN ({', '.join('?' * len(partitions))})", partitions
