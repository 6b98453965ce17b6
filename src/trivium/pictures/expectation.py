"""Where each fact of past partitions was expected, as today's method would have said then."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from msgspec import Struct

from trivium.checks.explanation import band, shown_value
from trivium.checks.facts import COUNTS, Key
from trivium.checks.history import History
from trivium.checks.surprise import measure_surprise
from trivium.values.alerts import Profile

FEWEST, LONGEST = 3, 200
NEVER_NEGATIVE = COUNTS | {"sd", "length_mean", "length_minimum", "length_maximum"}
EFFORT = 3_000_000  # facts of partitions that are compared in all, about half a microsecond each


class Expected(Struct, frozen=True):
    """A fact of one partition: what it was, the band in which it was expected, and how surprising it was."""

    value: float | None
    low: float
    high: float
    surprise: float | None


def expect(profiles: Sequence[Profile], aside: Collection[int] = (), *, shown: int) -> list[dict[Key, Expected]]:
    """For each of these partitions, oldest first, its facts against the partitions before it, 200 at most.

    aside: positions of partitions that are no history for later ones. shown: only so many of the newest are looked at,
    and fewer when the table is so wide or its past so long that it would take more than a few seconds. Empty where
    nothing can be said: with fewer than 3 partitions before it, and for those that were not looked at.
    """
    first = len(profiles) - min(shown, affordable(profiles))
    history, found = History(), []
    for at, profile in enumerate(profiles):
        found.append(measure(profile, history) if at >= first and len(history) >= FEWEST else {})
        if at not in aside and at >= first - LONGEST:
            history = history.extended(profile)
    return found


def affordable(profiles: Sequence[Profile]) -> int:
    """How many of the newest partitions can be compared with those before them within the effort; one at least."""
    spent = 0
    for number, at in enumerate(range(len(profiles) - 1, -1, -1)):
        spent += min(at, LONGEST) * sum(len(column.facts) for column in profiles[at].columns)
        if spent > EFFORT:
            return max(number, 1)
    return len(profiles)


def measure(profile: Profile, history: History) -> dict[Key, Expected]:
    """Each fact of the partition that has an expectation."""
    surprises = measure_surprise(profile, history)
    found = {}
    for at, key in enumerate(surprises.keys):
        score, width = float(surprises.scores[at]), float(surprises.widths[at])
        if not math.isfinite(float(surprises.expected[at])) or not math.isfinite(width):
            continue
        low, high = band(key[1], at, surprises)
        value = shown_value(key[1], surprises.from_scale(at, float(surprises.values[at])))
        found[key] = Expected(known(value), max(low, 0.0) if key[1] in NEVER_NEGATIVE else low, high, known(score))
    return found


def known(value: float) -> float | None:
    """The value, None when it is no finite number."""
    return value if math.isfinite(value) else None
