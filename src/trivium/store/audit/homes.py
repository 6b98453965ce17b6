"""Where events that do not fit where they stand would fit.

An event's hash covers its number and the hash before it, so one that was moved still fits at the number that it had,
after the event that came before it then. Only places around are tried; an edited event fits nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from trivium.store.audit.walk import BrokenLink, hash_as, is_text

NEAR = 8


def find_homes(broken: Sequence[BrokenLink]) -> dict[int, int]:
    """The number at which each event fits, by the number at which it stands; those that fit nowhere are left out.

    An event at home did not move: the one before it did.
    """
    stored = {link.event.seq: link for link in broken}
    befores = {each for link in broken for each in (link.earlier, link.before, str(link.event.hash))}
    numbers = sorted({near for seq in stored for near in range(seq - NEAR, seq + NEAR + 1)})
    homes = {link.event.seq: _home(link, numbers, befores, stored) for link in broken}
    return {seq: home for seq, home in homes.items() if home is not None}


def _home(
    link: BrokenLink, numbers: Sequence[int], befores: Collection[str], stored: Mapping[int, BrokenLink]
) -> int | None:
    if not is_text(link.event):
        return None
    for number in numbers:
        there = stored.get(number)
        if there is not None and hash_as(link.event, there.before, number) == there.event.hash:
            return number  # its content was moved there, and the hash there stayed
        if any(hash_as(link.event, before, number) == link.event.hash for before in befores):
            return number
    return None
