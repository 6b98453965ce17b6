"""The newest rows by key, for serving: a derived copy of published versions, always rebuildable."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from trivium.store.sqlite import open_sqlite

Row = dict[str, Any]
Keyed = tuple[str, str, Row]
Changes = Callable[[int], tuple[bool, Iterable[Keyed]]]


class Online:
    """Rows by (table, key, time) in an embedded SQLite file. A lookup gives the newest row not after a time.

    Values are JSON scalars. The file is derived from the tables: losing it loses nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    def catch_up(self, table: str, version: int, changes: Changes) -> None:
        """This table version can be looked up; nothing happens when it, or a newer one, was there.

        changes: called with the version that is there (0: none), inside the one transaction, so that two processes
        that catch up at once do it one after the other; gives whether to start afresh, and the rows to add as (key,
        ISO time or "", values).
        """
        connection = self._connection()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            have = self.version(table)
            if have >= version:
                return
            afresh, rows = changes(have)
            if afresh:
                connection.execute("DELETE FROM rows WHERE name = ?", (table,))
            connection.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
                ((table, key, at, version, msgspec.json.encode(values)) for key, at, values in rows),
            )
            connection.execute("INSERT OR REPLACE INTO versions VALUES (?, ?)", (table, version))

    def get(self, table: str, key: str, *, at: str = "~") -> tuple[int, str, Row] | None:
        """(version, time, values) of the newest row of this key whose time is not after `at` (ISO), or None."""
        found = (
            self._connection()
            .execute(
                "SELECT version, at, body FROM rows WHERE name = ? AND key = ? AND at <= ? ORDER BY at DESC LIMIT 1",
                (table, key, at),
            )
            .fetchone()
        )
        return None if found is None else (found[0], found[1], msgspec.json.decode(found[2]))

    def version(self, table: str) -> int:
        """The newest table version that was put here; 0 when there is none."""
        found = self._connection().execute("SELECT version FROM versions WHERE name = ?", (table,)).fetchone()
        return 0 if found is None else int(found[0])

    def forget(self, table: str, *, before: str) -> None:
        """Rows older than this ISO time are dropped."""
        with self._connection() as connection:
            connection.execute("DELETE FROM rows WHERE name = ? AND at < ? AND at <> ''", (table, before))

    def close(self) -> None:
        """Every connection is closed."""
        with self._guard:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = open_sqlite(self.path, synchronous="NORMAL")
            with self._guard:
                self._opened.append(connection)
            connection.execute(
                "CREATE TABLE IF NOT EXISTS rows (name TEXT, key TEXT, at TEXT, version INTEGER, body BLOB, "
                "PRIMARY KEY (name, key, at)) WITHOUT ROWID"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS versions (name TEXT PRIMARY KEY, version INTEGER)")
            self._local.connection = connection
        return connection
