"""Connections, transactions and migrations. Writers wait for each other, bounded; readers never wait."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from trivium.clock import Clock
from trivium.errors import TriviumError
from trivium.failpoints import failpoint
from trivium.store.catalog.sql.chain import FIRST, event_hash
from trivium.store.catalog.sql.rows import Scalar, from_row, iso, json_text, to_row
from trivium.store.sqlite import open_sqlite
from trivium.values.events import Event

T = TypeVar("T", bound=msgspec.Struct)


class Transaction:
    """What one method may do inside its one transaction."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        self.connection = connection
        self.clock = clock

    def execute(self, statement: str, *values: Scalar) -> sqlite3.Cursor:
        """One statement."""
        return self.connection.execute(statement, values)

    def one(self, kind: type[T], statement: str, *values: Scalar) -> T | None:
        """The first row as a struct, or None."""
        row = self.execute(statement, *values).fetchone()
        return None if row is None else from_row(kind, row)

    def all(self, kind: type[T], statement: str, *values: Scalar) -> list[T]:
        """All rows as structs."""
        return [from_row(kind, row) for row in self.execute(statement, *values)]

    def insert(self, into: str, value: msgspec.Struct, **more: Scalar) -> None:
        """A row with the struct's fields and these further columns."""
        self._write("INSERT INTO", into, {**to_row(value), **more})

    def replace(self, into: str, value: msgspec.Struct, **more: Scalar) -> None:
        """The row with the same primary key is this one."""
        self._write("INSERT OR REPLACE INTO", into, {**to_row(value), **more})

    def event(self, actor: str, kind: str, subject: str, detail: dict[str, Any]) -> Event:
        """An event in this transaction: the next link of the chain."""
        last = self.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        before = FIRST if last is None else last["hash"]
        fields = {
            "seq": 1 if last is None else last["seq"] + 1,
            "at": iso(self.clock()),
            "actor": actor,
            "kind": kind,
            "subject": subject,
            "detail": json_text(detail),
        }
        digest = event_hash(before, fields)
        self._write("INSERT INTO", "events", {**fields, "hash": digest})
        return from_row(Event, {**fields, "hash": digest})

    def record(self, into: str, value: msgspec.Struct, event: Event) -> None:
        """A row for the fact of this event; its id is the event's place, so facts sort as the chain does."""
        self.insert(into, value, id=f"{event.seq:016d}")

    def _write(self, verb: str, table: str, row: dict[str, Scalar]) -> None:
        # Table and column names are ours (struct fields), never input; values are bound.
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self.execute(f"{verb} {table} ({names}) VALUES ({marks})", *row.values())  # see above


class Database:
    """One SQLite file in WAL mode. With durability "full" a commit is on disk when it returns; "fast" may lose the
    last second at a power loss, never at a kill."""

    def __init__(self, path: Path, *, clock: Clock, durability: str = "full") -> None:
        self.path = path
        self.clock = clock
        self.synchronous: Literal["FULL", "NORMAL"] = "FULL" if durability == "full" else "NORMAL"
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        try:
            migrate(self)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that writes: all of it or nothing, durable when the block ends."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield Transaction(connection, self.clock)
            failpoint("catalog:before_commit")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        failpoint("catalog:after_commit")

    def read(self) -> Transaction:
        """Single reads; each sees what was committed before it."""
        return Transaction(self._connection(), self.clock)

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
            connection = self._connect()
            self._local.connection = connection
            with self._guard:
                self._opened.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = open_sqlite(self.path, synchronous=self.synchronous)
        except sqlite3.DatabaseError as error:
            raise TriviumError(
                f"The catalog {self.path} cannot be opened: {error}. If it is damaged, restore it from a back-up."
            ) from error
        connection.execute("PRAGMA foreign_keys = ON")
        connection.row_factory = sqlite3.Row
        return connection


def migrations() -> Sequence[tuple[int, str]]:
    """The numbered steps (number, SQL) whose sum is the schema."""
    folder = resources.files("trivium.store.catalog.sql") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(int(file.name.split("_")[0]), file.read_text(encoding="utf-8")) for file in files]


def migrate(database: Database) -> None:
    """The file has the newest schema; steps that it already has are not repeated."""
    connection = database._connection()  # same file, same concept
    steps = migrations()
    if connection.execute("PRAGMA user_version").fetchone()[0] == steps[-1][0]:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply(connection, steps, database.path)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _apply(connection: sqlite3.Connection, steps: Sequence[tuple[int, str]], path: Path) -> None:
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    if done > steps[-1][0]:
        raise TriviumError(f"The catalog {path} was written by a newer Trivium (schema {done}); upgrade this one.")
    for number, script in steps:
        if number > done:
            for statement in script.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
