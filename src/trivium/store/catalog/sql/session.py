"""One connection to the database behind a catalog: what SQLite and PostgreSQL have to answer alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from trivium.store.catalog.sql.rows import Scalar


class Result(Protocol):
    """The rows of one statement, all fetched. A row is read by number or name, in order; `dict(row)` has its names."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Session(Protocol):
    """One connection, used by one thread. Statements have `?` marks; texts compare by code point.

    Errors: `StoreBusy` when another writer had the catalog for longer than the session is patient;
    `StoreUnreachable` when the connection is gone, and then nothing of the open transaction is stored.
    """

    @property
    def kind(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""

    @property
    def place(self) -> str:
        """Where the catalog is, as a message may show it (never a password)."""

    @property
    def broken(self) -> bool:
        """Whether the connection can not be used any more."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction that writes is open."""

    def execute(self, statement: str, values: Sequence[Scalar] = ()) -> Result:
        """One statement; outside of a transaction it is one of its own."""

    def begin(self) -> int:
        """A transaction that writes is open, and no other one of this catalog; gives the schema number."""

    def commit(self) -> None:
        """What was written is durable. Raises OutcomeUnknown when the connection broke before the answer came."""

    def rollback(self) -> None:
        """No transaction is open, and nothing of it is stored. Never raises."""

    def primary_key(self, table: str) -> tuple[str, ...]:
        """The names of the columns that tell the rows of this table apart."""

    def prepare(self) -> int:
        """There is a place for the schema number; gives it (0: a new catalog)."""

    def migrate(self, number: int, statements: Sequence[str]) -> None:
        """Inside the open transaction: these statements are done, and the schema has this number."""

    def back_up(self, number: int, moment: datetime) -> None:
        """What the catalog held before it is upgraded can be restored."""

    def scrub(self) -> None:
        """What was deleted is not in the catalog's files any more; copies and a server's logs are not ours."""

    def close(self) -> None:
        """The connection is given back."""
