"""The stretch of numbers that a picture shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from trivium.pictures.wording import is_share

REACH = 6.0
LARGEST = 1e150
MARGIN = 0.06
FINEST = 1e-3
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Axis(Struct, frozen=True):
    """From `low` to `high`, low < high. What lies outside is drawn at the edge."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where the value lies, 0 at the low end and 1 at the high end, never outside."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def holds(self, value: float) -> bool:
        """Whether the value is drawn where it is."""
        return self.low <= value <= self.high


def fit_axis(
    fact: str, values: Sequence[float | None], bands: Sequence[float | None] = (), *, reach: float = REACH
) -> Axis:
    """The axis on which the usual values and their bands are seen well, whatever a single one does.

    The middle half of the values and the middle eight in ten ends of bands are on it, and everything within `reach`
    times their spread. What is further off would make all else a flat line, so that is pinned to the edge.
    """
    known = sorted(clipped(values))
    core = [*middle(known, 4), *middle(sorted(clipped(bands)), 10)]
    if not core:
        return Axis(0.0, 1.0)
    least, most = min(core), max(core)
    far = reach * (most - least) or math.inf
    near = [value for value in known if least - far <= value <= most + far]
    return padded(fact, min([least, *near]), max([most, *near]))


def middle(ordered: Sequence[float], part: int) -> Sequence[float]:
    """All but one in `part` at either end."""
    return ordered[len(ordered) // part : len(ordered) - len(ordered) // part]


def padded(fact: str, least: float, most: float) -> Axis:
    """A little room at both ends, more around what hardly differs; shares stay in 0 to 1, and counts above 0."""
    flat = most - least <= FINEST * max(abs(least), abs(most))
    room = (MARGIN * abs(most) or 0.5) if flat else MARGIN * (most - least)
    low, high = least - room, most + room
    if is_share(fact):
        low, high = max(low, 0.0), min(high, 1.0)
        return Axis(low, high) if low < high else Axis(0.0, 1.0)
    return Axis(0.0 if least >= 0 > low else low, high)


def clipped(values: Iterable[float | None]) -> list[float]:
    """The finite ones, none so large that a difference of two is not."""
    return [min(max(each, -LARGEST), LARGEST) for each in values if each is not None and math.isfinite(each)]


def ticks(axis: Axis, *, about: int = 4) -> Sequence[float]:
    """Round numbers along the axis, about so many."""
    raw = (axis.high - axis.low) / about
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * each for each in STEPS if unit * each >= raw)
    first, last = math.ceil(axis.low / step), math.floor(axis.high / step)
    return [number * step for number in range(first, last + 1)] if last - first < 4 * about else []
