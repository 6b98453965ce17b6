"""Transactions. One writer at a time; the others wait for it, bounded; readers never wait."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, TypeVar

import msgspec

from trivium.clock import Clock
from trivium.errors import Misuse, StoreUnreachable, TriviumError
from trivium.failpoints import failpoint
from trivium.store.catalog.sql.chain import FIRST, event_hash
from trivium.store.catalog.sql.migration import Step, migrate, migrations
from trivium.store.catalog.sql.packing import packed
from trivium.store.catalog.sql.rows import Scalar, from_row, iso, json_text, to_row
from trivium.store.catalog.sql.session import Result, Session
from trivium.store.catalog.sql.sessions import Sessions
from trivium.store.pulse import Pulse, TimedPulse
from trivium.values.events import Event

T = TypeVar("T", bound=msgspec.Struct)
Execute = Callable[[str, Sequence[Scalar]], Result]


class Transaction:
    """What one method may do inside its one transaction."""

    def __init__(self, session: Session, clock: Clock, execute: Execute | None = None) -> None:
        self.session = session
        self.clock = clock
        self._execute = execute or session.execute

    def execute(self, statement: str, *values: Scalar) -> Result:
        """One statement. Raises Misuse for a text that not every database can hold."""
        for value in values:
            if isinstance(value, str) and "\0" in value:
                raise Misuse(f"{value[:100]!r} holds a NUL character, which a catalog cannot store; leave it out.")
        try:
            return self._execute(statement, values)
        except UnicodeEncodeError as error:
            raise Misuse(f"{error.object[:100]!r} is not Unicode text (a surrogate stands alone).") from None

    def one(self, kind: type[T], statement: str, *values: Scalar) -> T | None:
        """The first row as a struct, or None."""
        row = self.execute(statement, *values).fetchone()
        return None if row is None else from_row(kind, row)

    def all(self, kind: type[T], statement: str, *values: Scalar) -> list[T]:
        """All rows as structs."""
        return [from_row(kind, row) for row in self.execute(statement, *values)]

    def many(self, kind: type[T], statement: str, *values: Scalar) -> list[T]:
        """The same for very many rows, of a struct that is encoded as an array."""
        text = self.execute(packed(self.session.kind, kind, statement), *values).fetchone()[0]
        return msgspec.json.decode(text, type=list[kind], strict=False)  # type: ignore[valid-type]

    def insert(self, into: str, value: msgspec.Struct, **more: Scalar) -> None:
        """A row with the struct's fields and these further columns."""
        self._write(into, {**to_row(value), **more})

    def replace(self, into: str, value: msgspec.Struct, **more: Scalar) -> None:
        """The row with the same primary key has these values; when there was none, there is one."""
        row = {**to_row(value), **more}
        self.execute(_replacing(into, tuple(row), self.session.primary_key(into)), *row.values())

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
        self._write("events", {**fields, "hash": digest})
        return from_row(Event, {**fields, "hash": digest})

    def record(self, into: str, value: msgspec.Struct, event: Event) -> None:
        """A row for the fact of this event; its id is the event's place, so facts sort as the chain does."""
        self.insert(into, value, id=f"{event.seq:016d}")

    def _write(self, table: str, row: dict[str, Scalar]) -> None:
        self.execute(_inserting(table, tuple(row)), *row.values())


# Table and column names are ours (struct fields), never input; values are bound.


@cache
def _inserting(table: str, names: tuple[str, ...]) -> str:
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"


@cache
def _replacing(table: str, names: tuple[str, ...], key: tuple[str, ...]) -> str:
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    told = ", ".join(f'"{name}"' for name in key)
    return f"{_inserting(table, names)} ON CONFLICT ({told}) DO " + (f"UPDATE SET {changed}" if changed else "NOTHING")


class Database:
    """The transactions of one catalog, for the threads of one process.

    connect: opens a session. pulse: is told of each commit. The catalog has the schema of `steps` when this returns.
    """

    def __init__(
        self,
        connect: Callable[[], Session],
        *,
        clock: Clock,
        steps: Sequence[Step] | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        steps = migrations() if steps is None else steps
        self.clock = clock
        self.pulse = pulse or TimedPulse()
        self.number = steps[-1].number
        self._own_sessions = Sessions(connect)
        try:
            migrate(self.session, steps, clock)
        except BaseException:
            self.close()
            raise

    @property
    def session(self) -> Session:
        """This thread's session."""
        return self._sessions.current()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that writes: all of it or nothing, durable when the block ends.

        Raises StoreBusy, StoreUnreachable (nothing was stored), OutcomeUnknown.
        """
        with self._begun() as session:
            try:
                yield Transaction(session, self.clock)
                failpoint("catalog:before_commit")
                self.pulse.rise()
                session.commit()
                self.pulse.fall()
            except BaseException:
                session.rollback()
                raise
            failpoint("catalog:after_commit")

    def read(self) -> Transaction:
        """Single reads; each sees what was committed before it."""
        return Transaction(self.session, self.clock, self._read)

    def scrub(self) -> None:
        """What was deleted is not in the catalog's files any more. Raises StoreBusy while others use it."""
        with self._sessions.using() as session:
            session.scrub()

    def close(self) -> None:
        """Every session is closed."""
        self._own_sessions.close()

    @contextmanager
    def _begun(self) -> Iterator[Session]:
        with ExitStack() as used:
            session = used.enter_context(self._sessions.using())
            if session.in_transaction:
                raise RuntimeError("A transaction that writes is already open in this thread.")
            try:
                number = session.begin()
            except StoreUnreachable:  # an idle connection can end unnoticed; nothing was asked of the new one yet
                session = used.enter_context(self._sessions.using())
                number = session.begin()
            if number != self.number:
                session.rollback()
                raise TriviumError(
                    f"The catalog {session.place} was upgraded (schema {number}) while this process had it open as "
                    f"schema {self.number}; nothing of this was stored. Start the process again with the newer Trivium."
                )
            yield session

    def _read(self, statement: str, values: Sequence[Scalar]) -> Result:
        with self._sessions.using() as session:
            inside = session.in_transaction
            try:
                return session.execute(statement, values)
            except StoreUnreachable:
                if inside:
                    raise
        with self._sessions.using() as session:
            return session.execute(statement, values)

    @property
    def _sessions(self) -> Sessions:
        if self._own_sessions.process != os.getpid():
            self._own_sessions = self._own_sessions.child()
        return self._own_sessions
