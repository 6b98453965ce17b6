"""Histories kept between commits, so that each commit learns only what is new."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.checks.history import History
from trivium.values.alerts import Profile

LONGEST = 1_000


class KeptHistories:
    """What one process has learned of each table. It decides nothing: the profiles given are always what counts."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[list[Profile], History]] = {}

    def extend_to(self, table: str, profiles: Sequence[Profile]) -> History:
        """The history that these profiles make, oldest first; learned anew only where they differ from the last call's.

        When the oldest profiles are no longer given, they still count, until 1,000 partitions are kept.
        """
        known, history = self._kept.get(table, ([], History()))
        overlap = _overlap(known, profiles)
        if overlap is None or len(history) > LONGEST:
            history, overlap = History(), 0
        for profile in profiles[overlap:]:
            history = history.extended(profile)
        self._kept[table] = list(profiles), history
        return history


def _overlap(known: Sequence[Profile], profiles: Sequence[Profile]) -> int | None:
    """How many of the profiles end what is known; None when they do not continue it."""
    if not known or not profiles or profiles[0] not in known:
        return None
    start = known.index(profiles[0])
    shared = len(known) - start
    return shared if list(known[start:]) == list(profiles[:shared]) else None
