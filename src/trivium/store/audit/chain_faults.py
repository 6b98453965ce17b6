"""What somebody did to a chain that does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trivium.store.audit.homes import NEAR, find_homes
from trivium.store.audit.walk import Walk
from trivium.store.catalog.events import StoredEvent
from trivium.values.audit import Fault

LONGEST_NAME = 80
RESTORE = "Stop writing to this project, keep the catalog as evidence, and restore it from a back-up."


def explain_chain(walk: Walk, stored: int) -> list[Fault]:
    """The faults of the chain itself, none when it holds. stored: how many rows there are that
    do not come after the newest event."""
    homes = find_homes(walk.broken)
    moved = {seq: home for seq, home in homes.items() if seq != home}
    strangers = [link.event for link in walk.broken if link.event.seq not in homes]
    excused = {last + 1 for _, last in walk.missing} | _beside(moved)
    return [
        *(_deleted(first, last) for first, last in walk.missing),
        *_moved(moved),
        *_edited([event for event in strangers if event.seq not in excused]),
        *_uncounted(walk),
        *_inserted(walk, stored),
    ]


def _deleted(first: int, last: int) -> Fault:
    told = f"Event {first:,} is" if first == last else f"Events {first:,} to {last:,} are"
    return Fault("delete", f"{told} missing: deleted from the middle of the log.", RESTORE, first, last)


def _moved(moved: Mapping[int, int]) -> Iterator[Fault]:
    """What happened to events that stand elsewhere than where they fit."""
    if not moved:
        return
    first, last = min(moved), max(moved)
    shift = _shift(moved)
    if shift is not None and shift < 0:
        told = _events(first + shift, first - 1)
        yield Fault(
            "insert",
            f"{told} inserted, and what follows was numbered anew from {first:,} on.",
            RESTORE,
            first + shift,
            first - 1,
        )
    elif shift is not None:
        told = "An event was" if shift == 1 else f"{shift:,} events were"
        yield Fault(
            "delete",
            f"{told} deleted before the one that is now number {first - 1:,}, and what follows was numbered anew.",
            RESTORE,
            first - 1,
        )
    elif len(moved) == 2 and moved[first] == last and moved[last] == first:
        yield Fault("swap", f"Events {first:,} and {last:,} stand in each other's place.", RESTORE, first, last)
    else:
        places = ", ".join(f"{home:,} stands at {seq:,}" for seq, home in sorted(moved.items())[:6])
        more = ", ..." if len(moved) > 6 else ""
        yield Fault("reorder", f"Events stand in another order: {places}{more}.", RESTORE, first, last)


def _shift(moved: Mapping[int, int]) -> int | None:
    """By how much all of these were moved, None when not all by the same few places."""
    shifts = {home - seq for seq, home in moved.items()}
    return shifts.pop() if len(shifts) == 1 and max(map(abs, shifts)) <= NEAR else None


def _beside(moved: Mapping[int, int]) -> set[int]:
    """The numbers of events that fit nowhere because of a shift: the inserted ones, or the first after a deletion."""
    shift = _shift(moved)
    if shift is None:
        return set()
    return {min(moved) - 1} if shift > 0 else set(range(min(moved) + shift, min(moved)))


def _edited(events: Sequence[StoredEvent]) -> Iterator[Fault]:
    for run in _runs(events):
        first, last = run[0].seq, run[-1].seq
        told = f"Event {first:,} ({_name(run[0])}) does" if first == last else f"Events {first:,} to {last:,} do"
        theirs, them = ("its hash", "it was") if first == last else ("their hashes", "they were")
        before = " (or the event before was, with a hash made to fit)" if first > 1 else ""
        message = f"{told} not match {theirs}: {them} changed after being written{before}, or put there by other means."
        yield Fault("edit", message, RESTORE, first, last)


def _runs(events: Sequence[StoredEvent]) -> list[list[StoredEvent]]:
    """Events whose numbers follow each other, together."""
    runs: list[list[StoredEvent]] = []
    for event in events:
        if runs and event.seq == runs[-1][-1].seq + 1:
            runs[-1].append(event)
        else:
            runs.append([event])
    return runs


def _uncounted(walk: Walk) -> Iterator[Fault]:
    more = walk.broken_count - len(walk.broken)
    if more:
        message = f"{more:,} more events up to number {walk.newest:,} do not match their hashes."
        yield Fault("edit", message, RESTORE, None, walk.newest)


def _inserted(walk: Walk, stored: int) -> Iterator[Fault]:
    for event in walk.foreign:
        message = f"A row with the number {event.seq!r} ({_name(event)}) was inserted: no event can have that number."
        yield Fault("insert", message, RESTORE)
    unseen = max(0, stored - walk.within) + walk.foreign_count - len(walk.foreign)
    if unseen > 0:
        message = f"{unseen:,} more rows were inserted that have no place in the order of the log."
        yield Fault("insert", message, RESTORE)


def _events(first: int, last: int) -> str:
    return f"Event {first:,} was" if first == last else f"Events {first:,} to {last:,} were"


def _name(event: StoredEvent) -> str:
    name = f"{event.kind} {event.subject}"
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
