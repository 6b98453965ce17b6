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


class Added(Struct, frozen=True):
    """A data file that came, with (key, moment, body) of its rows, in their order. Rows may come in any order."""

    file: DataFile
    rows: Iterable[Bodied]


class Changes(Struct, frozen=True):
    """What to do, in this order. afresh: everything that was here goes first. The iterables are read once."""

    afresh: bool
    merged: tuple[Merged, ...]
    removed: Iterable[Removed]
    added: Iterable[Added]


Plan = Callable[[int, list[DataFile]], Changes]


def list_files(connection: sqlite3.Connection) -> list[DataFile]:
    """The data files whose rows are here."""
    return [msgspec.json.decode(row[0], type=DataFile) for row in connection.execute("SELECT file FROM files")]


def apply_changes(connection: sqlite3.Connection, changes: Changes) -> None:
    """Inside the caller's transaction: the rows are those of the files after the changes. Memory stays flat."""
    if changes.afresh:
        clear(connection)
    for merged in changes.merged:
        _merge(connection, merged)
    for removed in changes.removed:
        _remove(connection, removed)
    connection.execute("DROP TABLE IF EXISTS temp.staged")
    connection.execute(STAGED)
    for added in changes.added:
        _stage(connection, added)
    connection.execute(TAKE_IN)
    connection.execute("DROP TABLE temp.staged")


def clear(connection: sqlite3.Connection) -> None:
    """Inside the caller's transaction: no row is here."""
    for statement in ("DELETE FROM rows", "DELETE FROM parts", "DELETE FROM files"):
        connection.execute(statement)


def _merge(connection: sqlite3.Connection, merged: Merged) -> None:
    replaced = [(path,) for path in merged.replaced]
    connection.executemany("UPDATE parts SET path = ? WHERE path = ?", [(merged.file.path, *path) for path in replaced])
    connection.executemany("DELETE FROM files WHERE path = ?", replaced)
    _record(connection, merged.file)


def _remove(connection: sqlite3.Connection, removed: Removed) -> None:
    path = removed.path
    if removed.keys is None:
        connection.execute(TAKE_OUT_ALL, (path,))
    else:
        connection.executemany(TAKE_OUT, ((*key, path) for key in removed.keys))
    connection.execute("DELETE FROM parts WHERE path = ?", (path,))
    connection.execute("DELETE FROM files WHERE path = ?", (path,))


def _stage(connection: sqlite3.Connection, added: Added) -> None:
    part = connection.execute("INSERT INTO parts (path) VALUES (?)", (added.file.path,)).lastrowid
    rank = added.file.rank
    connection.executemany(
        "INSERT INTO staged VALUES (?, ?, ?, ?, ?)",
        ((key, moment, rank, part, body) for key, moment, body in added.rows),
    )
    _record(connection, added.file)


def _record(connection: sqlite3.Connection, file: DataFile) -> None:
    connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (file.path, msgspec.json.encode(file)))
