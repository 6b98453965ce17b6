"""One walk over the whole log, in flat memory: every hash is computed again, and what does not fit is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from trivium.store.catalog.events import StoredEvent
from trivium.store.catalog.sql.chain import FIRST, event_hash

KEPT = 24


class BrokenLink(Struct, frozen=True):
    """An event whose hash is not that of its content after the event before it.

    expected: the number that should have come. before: the stored hash of the event before it; earlier: of the one
    before that.
    """

    event: StoredEvent
    expected: int
    before: str
    earlier: str


@dataclass
class Walk:
    """What one walk has seen so far.

    within: rows up to the newest event. foreign: rows whose number no event in this place can have. hashes: those of
    the wanted numbers.
    """

    wanted: frozenset[int] = frozenset()
    within: int = 0
    newest: int = 0
    head: str = FIRST
    earlier: str = FIRST
    broken: list[BrokenLink] = field(default_factory=list)
    broken_count: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    foreign: list[StoredEvent] = field(default_factory=list)
    foreign_count: int = 0
    _waiting: int = 0
    hashes: dict[int, str] = field(default_factory=dict)

    def take(self, event: StoredEvent) -> None:
        """The next row has been seen."""
        if type(event.seq) is not int or event.seq <= self.newest:
            self._keep_foreign(event)
            return
        if event.seq != self.newest + 1 and len(self.missing) < KEPT:
            self.missing.append((self.newest + 1, event.seq - 1))
        if not fits(event, self.head):
            self._keep_broken(event)
        self.within += 1 + self._waiting
        self._waiting = 0
        self.earlier, self.head, self.newest = self.head, str(event.hash), event.seq
        if event.seq in self.wanted:
            self.hashes[event.seq] = self.head

    def _keep_foreign(self, event: StoredEvent) -> None:
        self.foreign_count += 1
        self._waiting += isinstance(event.seq, (int, float))
        if len(self.foreign) < KEPT:
            self.foreign.append(event)

    def _keep_broken(self, event: StoredEvent) -> None:
        self.broken_count += 1
        if len(self.broken) < KEPT:
            self.broken.append(BrokenLink(event, self.newest + 1, self.head, self.earlier))


def walk_log(events: Iterable[StoredEvent], wanted: Iterable[int] = ()) -> Walk:
    """The walk over these rows, in the order of their numbers."""
    walk = Walk(frozenset(wanted))
    for event in events:
        walk.take(event)
    return walk


def fits(event: StoredEvent, before: str) -> bool:
    """Whether the event's hash is that of its content after an event with the hash `before`."""
    # Types first: JSON spells some bytes and some texts alike.
    return is_text(event) and hash_as(event, before, event.seq) == event.hash


def is_text(event: StoredEvent) -> bool:
    """Whether everything but the number is text, as it is in an event of ours."""
    kinds = {type(event.at), type(event.actor), type(event.kind), type(event.subject), type(event.detail)}
    return kinds == {str} and type(event.hash) is str


def hash_as(event: StoredEvent, before: str, seq: int) -> str:
    """The hash that the event's content would have with this number, after an event with the hash `before`."""
    fields = {"seq": seq, "at": event.at, "actor": event.actor, "kind": event.kind, "subject": event.subject}
    return event_hash(before, {**fields, "detail": event.detail})
