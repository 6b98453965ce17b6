"""The connections to one file of the online store: each thread has its own."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trivium.errors import StoreBusy
from trivium.store.sqlite import open_sqlite

READING_CACHE = -16_000  # KiB
WRITING_CACHE = -64_000
LARGEST_LOG = 64 << 20  # bytes that the write-ahead log keeps on disk between transactions

SCHEMA = """
CREATE TABLE rows (
    key TEXT NOT NULL, moment INTEGER NOT NULL, rank INTEGER NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (key, moment, rank, part)
) WITHOUT ROWID;
CREATE TABLE parts (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL);
CREATE INDEX parts_by_path ON parts (path);
CREATE TABLE files (path TEXT PRIMARY KEY, file BLOB NOT NULL);
CREATE TABLE state (version INTEGER NOT NULL);
INSERT INTO state VALUES (0);
PRAGMA user_version = 1;
"""


class OnlineConnections:
    """Opens one file for the threads of one process. A file that is not SQLite any more is made anew: it is derived."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._process = os.getpid()
        self._opened: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    def get(self) -> sqlite3.Connection:
        """This thread's connection, with the schema in place."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._process != os.getpid():
            connection = self._open()
            self._local.connection = connection
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: all of it or nothing. Writers wait for each other."""
        connection = self.get()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA cache_size = {WRITING_CACHE}")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.execute(f"PRAGMA cache_size = {READING_CACHE}")

    def shrink(self) -> None:
        """What was deleted is neither in the file nor in its log. Raises StoreBusy when readers stay in the way."""
        connection = self.get()
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreBusy(f"{self.path} is being read, so what was deleted is still in its log; repeat the act.")

    def close(self) -> None:
        """All are closed."""
        with self._guard:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._local = threading.local()

    def _open(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            # What the parent process still uses is forgotten, not closed: closing would drop its locks.
            self._inherited = [*self._inherited, *self._opened]
            self._opened, self._process = [], os.getpid()
            self._local, self._guard = threading.local(), threading.Lock()
        try:
            connection = self._prepared()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            for file in self.path.parent.glob(f"{self.path.name}*"):
                file.unlink()
            connection = self._prepared()
        with self._guard:
            self._opened.append(connection)
        return connection

    def _prepared(self) -> sqlite3.Connection:
        connection = open_sqlite(self.path, synchronous="NORMAL")
        try:
            connection.execute(f"PRAGMA cache_size = {READING_CACHE}")
            connection.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG}")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                _create(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
