"""Histories kept between commits, so that each commit learns only what is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trivium.checks.history import History
from trivium.values.alerts import Profile

LONGEST = 1_000


class KeptHistories:
    """What one process has learned of each table of one store. It decides nothing: the catalog's profiles count."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, History]] = {}

    def version(self, table: str) -> int:
        """Up to which version the table is known here; 0 when it is not."""
        return self._kept[table][0] if table in self._kept else 0

    def forget(self, table: str) -> None:
        """The table's past is learned anew at the next look."""
        self._kept.pop(table, None)

    def up_to(self, table: str, version: int, read_after: Callable[[int], Sequence[Profile]]) -> History:
        """The table's history up to this version; only profiles of versions not yet seen are read and learned.

        read_after: profiles of the partitions written after a version, oldest first. Beyond 1,000 partitions the
        oldest are forgotten: what `read_after(0)` gives is learned anew.
        """
        seen, history = self._kept.get(table, (0, History()))
        if version != seen:
            history = learn(history, read_after(seen)) if version > seen else History.of_profiles(read_after(0))
        if len(history) > LONGEST:
            history = History.of_profiles(read_after(0))
        self._kept[table] = version, history
        return history


def learn(history: History, profiles: Sequence[Profile]) -> History:
    """The history with these partitions, which take the place of older ones of the same name."""
    for profile in profiles:
        history = history.extended(profile)
    return history
