"""What turns the online copy of one version into that of another: rows of data files that came and went."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from trivium.values.tables import DataFile

Keyed = tuple[str, int]
Bodied = tuple[str, int, bytes]

STAGED = "CREATE TEMP TABLE staged (key TEXT, moment INTEGER, rank INTEGER, part INTEGER, body BLOB)"
# In the order of the key each page of the tree is written once, however many files the rows came in.
TAKE_IN = "INSERT OR REPLACE INTO rows SELECT * FROM staged ORDER BY key, moment, rank, part, rowid"
TAKE_OUT = "DELETE FROM rows WHERE key = ? AND moment = ? AND part IN (SELECT id FROM parts WHERE path = ?)"
TAKE_OUT_ALL = "DELETE FROM rows WHERE part IN (SELECT id FROM parts WHERE path = ?)"


class Merged(Struct, frozen=True):
    """A data file that a compaction put in the place of others, with just their rows."""

    file: DataFile
    replaced: tuple[str, ...]


class Removed(Struct, frozen=True):
    """A data file that is not in the version any more. `keys` are its rows' keys and moments; None: unknown."""

    path: str
    keys: Iterable[Keyed] | None


class Rewritten(Struct, frozen=True):
    """A data file in the place of another one that had almost the same rows: only those that differ."""

    file: DataFile
    replaced: str
    removed: Iterable[Keyed]
    added: Iterable[Bodied]


class Added(Struct, frozen=True):
    """A data file that came, with (key, moment, body) of its rows, in their order. Rows may come in any order."""

    file: DataFile
    rows: Iterable[Bodied]


class Changes(Struct, frozen=True):
    """What to do, in this order. afresh: everything that was here goes first. The iterables are read once."""

    afresh: bool = False
    merged: Iterable[Merged] = ()
    removed: Iterable[Removed] = ()
    rewritten: Iterable[Rewritten] = ()
    added: Iterable[Added] = ()


Plan = Callable[[int, list[DataFile]], Changes]


def list_files(connection: sqlite3.Connection) -> list[DataFile]:
    """The data files whose rows are here."""
    return [msgspec.json.decode(row[0], type=DataFile) for row in connection.execute("SELECT file FROM files")]


def apply_changes(connection: sqlite3.Connection, changes: Changes) -> None:
    """Inside the caller's transaction: the rows are those of the files after the changes. Memory stays flat."""
    if changes.afresh:
        clear(connection)
    for merged in changes.merged:
        _stand_in(connection, merged.file, merged.replaced)
    for removed in changes.removed:
        _remove(connection, removed)
    connection.execute("DROP TABLE IF EXISTS temp.staged")
    connection.execute(STAGED)
    for rewritten in changes.rewritten:
        _take_out(connection, rewritten.replaced, rewritten.removed)
        _stand_in(connection, rewritten.file, [rewritten.replaced])
        _stage(connection, rewritten.file, rewritten.added)
    for added in changes.added:
        _stage(connection, added.file, added.rows)
        _record(connection, added.file)
    connection.execute(TAKE_IN)
    connection.execute("DROP TABLE temp.staged")


def clear(connection: sqlite3.Connection) -> None:
    """Inside the caller's transaction: no row is here."""
    for statement in ("DELETE FROM rows", "DELETE FROM parts", "DELETE FROM files"):
        connection.execute(statement)


def _stand_in(connection: sqlite3.Connection, file: DataFile, replaced: Iterable[str]) -> None:
    """What was the rows of those files are this one's."""
    for path in replaced:
        connection.execute("UPDATE parts SET path = ? WHERE path = ?", (file.path, path))
        connection.execute("DELETE FROM files WHERE path = ?", (path,))
    _record(connection, file)


def _remove(connection: sqlite3.Connection, removed: Removed) -> None:
    if removed.keys is None:
        connection.execute(TAKE_OUT_ALL, (removed.path,))
    else:
        _take_out(connection, removed.path, removed.keys)
    connection.execute("DELETE FROM parts WHERE path = ?", (removed.path,))
    connection.execute("DELETE FROM files WHERE path = ?", (removed.path,))


def _take_out(connection: sqlite3.Connection, path: str, keys: Iterable[Keyed]) -> None:
    connection.executemany(TAKE_OUT, ((*key, path) for key in keys))


def _stage(connection: sqlite3.Connection, file: DataFile, rows: Iterable[Bodied]) -> None:
    part = connection.execute("INSERT INTO parts (path) VALUES (?)", (file.path,)).lastrowid
    connection.executemany(
        "INSERT INTO staged VALUES (?, ?, ?, ?, ?)",
        ((key, moment, file.rank, part, body) for key, moment, body in rows),
    )


def _record(connection: sqlite3.Connection, file: DataFile) -> None:
    connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (file.path, msgspec.json.encode(file)))
