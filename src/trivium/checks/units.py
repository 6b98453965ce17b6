"""Units that are mistaken for each other, and whether a column looks as if that had happened to it."""

from __future__ import annotations

import math

from msgspec import Struct

from trivium.checks.facts import QUANTILES
from trivium.checks.surprise import Surprises


class Conversion(Struct, frozen=True):
    """new = factor x old + offset, and how people call it."""

    name: str
    factor: float
    offset: float = 0.0


ONE_WAY = (
    ("°F", "°C", 1 / 1.8, -32 / 1.8),
    ("km", "miles", 1 / 1.609344, 0.0),
    ("m", "feet", 1 / 0.3048, 0.0),
    ("kg", "pounds", 2.2046226, 0.0),
    ("inches", "cm", 2.54, 0.0),
    ("inches", "mm", 25.4, 0.0),
    ("knots", "m/s", 0.514444, 0.0),
    ("hPa", "inHg", 0.02953, 0.0),
    ("hours or minutes", "60ths", 60.0, 0.0),
    ("hours", "seconds", 3600.0, 0.0),
    ("days", "hours", 24.0, 0.0),
    ("whole units", "hundredths", 100.0, 0.0),
    ("whole units", "thousandths", 1000.0, 0.0),
)
CONVERSIONS = (
    *(Conversion(f"{old} turned {new}", factor, offset) for old, new, factor, offset in ONE_WAY),
    *(Conversion(f"{new} turned {old}", 1 / factor, -offset / factor) for old, new, factor, offset in ONE_WAY),
    Conversion("signs flipped", -1.0),
)
BETTER = 0.4
ALIKE = 0.2
FEWEST_PLACES = 3


def find_conversion(column: str, raw: dict[str, float], surprises: Surprises) -> Conversion | None:
    """The conversion that, undone, makes the column's quantiles as expected again; None when none does.

    raw: the column's facts. A conversion has to bring the mean surprise of the five inner quantiles below 0.4 of what
    it is, and each of them below its alarm. It has to have moved the spread as well: ids that jump to other places, or
    a storm, leave it. Of those that leave about the least (within 0.2) the first is taken: the list starts with the
    usual mistakes. A column with fewer than three different quantiles says nothing about units.
    """
    positions = {name: surprises.at((column, name)) for name in QUANTILES if name in raw}
    known = {name: at for name, at in positions.items() if at is not None}
    if len(known) < len(QUANTILES) or len({raw[name] for name in known}) < FEWEST_PLACES:
        return None
    now = sum(float(surprises.scores[at]) for at in known.values()) / len(known)
    rated = [
        (_misfit(conversion, raw, known, surprises), conversion)
        for conversion in CONVERSIONS
        if _explains_spread(column, conversion, raw, surprises)
    ]
    least = min((misfit for misfit, _ in rated), default=math.inf)
    if least >= BETTER * now:
        return None
    return next(conversion for misfit, conversion in rated if misfit <= least + ALIKE)


def _misfit(conversion: Conversion, raw: dict[str, float], known: dict[str, int], surprises: Surprises) -> float:
    """Mean surprise of the quantiles with the conversion undone; infinity when one would still alarm."""
    names = list(known) if conversion.factor > 0 else list(reversed(known))
    scores = []
    for name, source in zip(known, names, strict=True):
        at = known[name]
        value = surprises.to_scale(at, (raw[source] - conversion.offset) / conversion.factor)
        scores.append(abs(value - float(surprises.expected[at])) / float(surprises.widths[at]))
    return math.inf if max(scores) >= 1 else sum(scores) / len(scores)


def _explains_spread(column: str, conversion: Conversion, raw: dict[str, float], surprises: Surprises) -> bool:
    """Whether the standard deviation with the conversion undone does not alarm, and is no further from the expected one
    than it is as it stands. So it is where none is known."""
    at = surprises.at((column, "sd"))
    if at is None or raw.get("sd", 0.0) <= 0:
        return True
    undone, expected = raw["sd"] / abs(conversion.factor), float(surprises.expected[at])
    if abs(surprises.to_scale(at, undone) - expected) >= float(surprises.widths[at]):
        return False
    usual = surprises.from_scale(at, expected)
    return usual <= 0 or abs(math.log(undone / usual)) <= abs(math.log(raw["sd"] / usual))
