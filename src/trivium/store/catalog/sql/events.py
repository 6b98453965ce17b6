"""The event log over SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from trivium.store.catalog.events import ChainReport, StoredEvent
from trivium.store.catalog.sql.chain import FIRST, event_hash
from trivium.store.catalog.sql.database import Database
from trivium.values.events import Event

COLUMNS = ("seq", "at", "actor", "kind", "subject", "detail", "hash")
STORED = f"SELECT {', '.join(COLUMNS)} FROM events WHERE seq > ? ORDER BY seq LIMIT 10000"
NUMBERS = "SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT 1000"
SMALLEST = -(2**63)
PAGE = "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT 10000"


class SqlEvents:
    """Implements `Events`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, kind: str, subject: str, detail: dict[str, Any], *, actor: str) -> Event:
        with self.database.write() as tx:
            return tx.event(actor, kind, subject, detail)

    def list_events(
        self, *, after: int = 0, kind: str | None = None, subject: str | None = None, limit: int = 1000
    ) -> list[Event]:
        return self.database.read().all(
            Event,
            "SELECT * FROM events WHERE seq > ? AND (CAST(? AS TEXT) IS NULL OR kind = ?) "
            "AND (CAST(? AS TEXT) IS NULL OR subject = ?) ORDER BY seq LIMIT ?",
            after,
            kind,
            kind,
            subject,
            subject,
            limit,
        )

    def list_newest(self, *, limit: int = 50, subject: str | None = None) -> list[Event]:
        return self.database.read().all(
            Event,
            "SELECT * FROM events WHERE (CAST(? AS TEXT) IS NULL OR subject = ?) ORDER BY seq DESC LIMIT ?",
            subject,
            subject,
            limit,
        )

    def verify(self) -> ChainReport:
        before, expected, problems = FIRST, 1, list[str]()
        for row in self._rows():
            if row["seq"] != expected:
                problems.append(f"event {expected} is missing: the next one has number {row['seq']}")
            if event_hash(before, dict(row)) != row["hash"]:
                problems.append(f"event {row['seq']} ({row['kind']} {row['subject']}) does not match its hash")
            before, expected = row["hash"], row["seq"] + 1
        return ChainReport(events=expected - 1, head=before, problems=tuple(problems[:20]))

    def newest_number(self) -> int:
        newest = self.database.read().execute("SELECT seq FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return newest["seq"] if newest and isinstance(newest["seq"], int) else 0

    def read_stored(self) -> Iterator[StoredEvent]:
        after: Any = SMALLEST
        while page := self._page(after):
            yield from page
            after = page[-1].seq

    def count(self, *, through: int) -> int:
        # Not "up to": a row whose number cannot be compared is counted, too.
        counted = "SELECT count(*) - count(CASE WHEN seq > ? THEN 1 END) AS events FROM events"
        return int(self.database.read().execute(counted, through).fetchone()["events"])

    def _page(self, after: Any) -> list[StoredEvent]:
        try:
            return [StoredEvent(*row) for row in self.database.read().execute(STORED, after)]
        except sqlite3.OperationalError:  # bytes that are no text, which no event of ours has
            numbers = self.database.read().execute(NUMBERS, after).fetchall()
            return [StoredEvent(*(self._value(name, row["seq"]) for name in COLUMNS)) for row in numbers]

    def _value(self, name: str, seq: Any) -> Any:
        try:
            return self.database.read().execute(f"SELECT {name} FROM events WHERE seq = ?", seq).fetchone()[0]
        except sqlite3.OperationalError:
            return None

    def _rows(self) -> Iterator[Any]:
        after = SMALLEST  # also a number that no event of ours has is looked at
        while rows := self.database.read().execute(PAGE, after).fetchall():
            yield from rows
            after = rows[-1]["seq"]
