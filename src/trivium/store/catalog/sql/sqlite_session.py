"""A catalog in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from trivium.errors import CorruptObject, StorageFull, StoreBusy, TriviumError
from trivium.store.catalog.sql.fetched import Fetched
from trivium.store.catalog.sql.rows import Scalar
from trivium.store.durable import write_durably
from trivium.store.sqlite import open_sqlite
from trivium.store.turn import Turn

BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
TROUBLE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class SqliteSession:
    """Implements `Session`. WAL mode: readers never wait. Durability "full" syncs each commit to disk; with "fast" a
    power loss may take the commits of the last moments (never a part of one), a kill none."""

    kind = "sqlite"

    def __init__(self, path: Path, *, durability: str, patience: float) -> None:
        self.path = path
        self.broken = False
        self.patience = patience
        self._keys: dict[str, tuple[str, ...]] = {}
        try:
            with self._told():
                self.connection = open_sqlite(
                    path, synchronous="FULL" if durability == "full" else "NORMAL", patience=patience
                )
        except sqlite3.DatabaseError as error:
            raise TriviumError(
                f"The catalog {path} cannot be opened: {error}. If it is damaged, restore it from a back-up."
            ) from error
        self._turn = Turn(path.with_name(f"{path.name}-turn"))
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.row_factory = sqlite3.Row

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def in_transaction(self) -> bool:
        return not self.broken and self.connection.in_transaction

    def execute(self, statement: str, values: Sequence[Scalar] = ()) -> Fetched:
        with self._told():
            return Fetched(self.connection.execute(statement, values).fetchall())

    def begin(self) -> int:
        try:
            with self._turn.taken(self.patience):
                self.execute("BEGIN IMMEDIATE")
        except TimeoutError:
            raise self._busy() from None
        return self._number()

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def primary_key(self, table: str) -> tuple[str, ...]:
        if table not in self._keys:
            columns = self.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", [table])
            self._keys[table] = tuple(row["name"] for row in columns)
        return self._keys[table]

    def prepare(self) -> int:
        return self._number()

    def migrate(self, number: int, statements: Sequence[str]) -> None:
        for statement in statements:
            self.execute(statement)
        self.execute(f"PRAGMA user_version = {number}")

    def back_up(self, number: int, moment: datetime) -> None:
        """A copy lies beside the catalog, durable, named by schema number and time."""
        name = f"{self.path.stem}-schema-{number}-{moment:%Y%m%dT%H%M%S%fZ}.db"
        for stale in self.path.parent.glob(f".{self.path.stem}-schema-*"):
            stale.unlink()  # of an upgrade that was killed: only the holder of the transaction backs up
        write_durably(self.path.with_name(name), self._copy_to)

    def scrub(self) -> None:
        self.execute("VACUUM")
        if self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:  # "busy": not all of the log could go
            raise StoreBusy(f"The catalog {self.path} is being read, so deleted rows are still in its log; repeat it.")

    def close(self) -> None:
        if not self.broken:
            self.broken = True
            self.connection.close()
            self._turn.close()

    def _copy_to(self, path: Path) -> None:
        with (
            closing(sqlite3.connect(self.path)) as source,
            closing(sqlite3.connect(path, isolation_level=None)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, complete without others beside it

    def _number(self) -> int:
        return int(self.execute("PRAGMA user_version").fetchone()[0])

    def _busy(self) -> StoreBusy:
        return StoreBusy(
            f"The catalog {self.path} was being written by others for {self.patience:g} seconds, so nothing of this "
            "was stored. Repeat it; if it stays so, end the process that holds the file."
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors that a person can do something about say what."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            exactly = getattr(error, "sqlite_errorcode", 0)
            code = exactly & 0xFF  # the rest says more exactly where
            if code in BUSY:
                raise self._busy() from error
            if exactly in NO_ROOM:
                raise StorageFull(
                    f"There is no room for the catalog {self.path} ({error}). Nothing of this was stored. Free space "
                    "on the disk or raise its quota (`trivium gc --dry-run` tells what can be given up); repeat it."
                ) from error
            if code in DAMAGED:
                raise CorruptObject(
                    f"The catalog {self.path} is damaged: {error}. Restore it from a back-up, together with its files "
                    "-wal and -shm; the rows of tables are in files of their own."
                ) from error
            if code in TROUBLE:
                raise TriviumError(
                    f"The catalog {self.path} failed: {error}. Nothing of this was stored; make sure that the disk has "
                    "room and can be written, and repeat it."
                ) from error
            raise
