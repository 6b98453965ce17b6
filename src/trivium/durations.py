"""Lengths of time as people write them: "50ms", "90s", "15m", "26h", "30d", "2w"."""

from __future__ import annotations

import re
from datetime import timedelta

from trivium.errors import Misuse

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")


def parse_duration(text: str) -> timedelta:
    """The length of time.

    >>> parse_duration("26h")
    datetime.timedelta(days=1, seconds=7200)

    Raises Misuse for anything else than a number and a unit.
    """
    found = PATTERN.fullmatch(text.strip())
    if found is None:
        raise Misuse(f"{text!r} is not a length of time; write a number and one of ms, s, m, h, d, w, such as '26h'.")
    try:
        return timedelta(seconds=float(found[1]) * UNITS[found[2]])
    except OverflowError:
        raise Misuse(f"{text[:40]!r} is longer than time itself; the most is about 2.7 million years.") from None
