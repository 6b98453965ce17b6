"""How many attempts go to Ray together: alone until their task is known to be quick, and then as many as take a moment.

A Ray task costs about half a millisecond of the process that asks for it, which is more than a small task costs.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
QUICK = 0.02  # seconds, on the average, of a task that may share
MOMENT = 0.2  # seconds that those who share may take together
MOST = 32
KNOWN = 4  # attempts of a task before anything is believed
PARTS = 2  # for each core, at least, so that all have work


class Pace:
    """How long the attempts of each task take here, and so how many of them share one Ray task."""

    def __init__(self) -> None:
        self._taken: dict[Hashable, tuple[int, float]] = {}

    def add(self, task: Hashable, seconds: float) -> None:
        """An attempt of this task took so long."""
        count, mean = self._taken.get(task, (0, 0.0))
        self._taken[task] = count + 1, mean + (seconds - mean) / (count + 1)

    def together(self, task: Hashable) -> int:
        """How many attempts of it may share."""
        count, mean = self._taken.get(task, (0, 0.0))
        if count < KNOWN or mean > QUICK:
            return 1
        return min(MOST, math.floor(MOMENT / max(mean, 1e-6)))


def parted(items: Sequence[Item], most: int, cores: float) -> Iterator[Sequence[Item]]:
    """The items in parts of `most` at most, and as many parts as keep this many cores busy."""
    size = max(1, min(most, math.ceil(len(items) / (PARTS * max(cores, 1.0)))))
    for start in range(0, len(items), size):
        yield items[start : start + size]
