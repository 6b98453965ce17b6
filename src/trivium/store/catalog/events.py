"""The event log, which is the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from msgspec import Struct

from trivium.values.events import Event


class ChainReport(Struct, frozen=True):
    """The result of checking the audit chain. `problems` is empty when it holds."""

    events: int
    head: str
    problems: tuple[str, ...]


class StoredEvent(Struct, frozen=True):
    """An event exactly as it is stored: if somebody changed it behind our back, of any type, or None for no text."""

    seq: Any
    at: Any
    actor: Any
    kind: Any
    subject: Any
    detail: Any
    hash: Any


class Events(Protocol):
    """Everything that happened, in one append-only chain.

    Guarantees: an event is in the same transaction as its fact; sequence numbers have no gaps; each event's hash covers
    the one before it.
    """

    def append(self, kind: str, subject: str, detail: dict[str, Any], *, actor: str) -> Event:
        """An event without another fact (a document was written, a drill was made)."""

    def list_events(
        self, *, after: int = 0, kind: str | None = None, subject: str | None = None, limit: int = 1000
    ) -> list[Event]:
        """Events after a sequence number, oldest first."""

    def list_newest(self, *, limit: int = 50, subject: str | None = None) -> list[Event]:
        """The newest events, newest first."""

    def newest_number(self) -> int:
        """The number of the newest event, 0 when there is none."""

    def read_stored(self) -> Iterator[StoredEvent]:
        """Every event as it is stored, by number, a page at a time: also those that no event of ours could be."""

    def count(self, *, through: int) -> int:
        """How many events are stored, without those that come after this number."""

    def verify(self) -> ChainReport:
        """Every hash is computed again and compared."""
