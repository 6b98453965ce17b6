"""Numbers, names and values of somebody's table as a picture spells them: short, and never able to do harm."""

from __future__ import annotations

import math

from trivium.checks.wording import RATES, name_of, show

LONGEST_NAME = 60
LONGEST_SENTENCE = 600
HUGE, TINY = 1e9, 1e-3
JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def spell(fact: str, value: float) -> str:
    """The fact's value in a few characters, however large or small it is.

    >>> spell("null_rate", 0.256), spell("median", 21.437), spell("maximum", 1.7e300), spell("sd", 0.00001234)
    ('25.6 %', '21.4', '1.7e+300', '1.23e-05')
    """
    if not math.isfinite(value):
        return "unknown"
    if fact in RATES or value == 0 or TINY <= abs(value) < HUGE:
        return show(fact, value)
    return f"{value:.3g}"


def spell_tick(fact: str, value: float) -> str:
    """A round number on an axis.

    >>> spell_tick("median", 80.0), spell_tick("median", 25000.0), spell_tick("null_rate", 0.025)
    ('80', '25,000', '2.5 %')
    """
    if fact in RATES:
        return f"{100 * value:.6g} %"
    return f"{value:,.10g}" if value == 0 or TINY <= abs(value) < HUGE else f"{value:.3g}"


def spell_band(fact: str, low: float, high: float) -> str:
    """Where the fact was expected: "55 to 88".

    >>> spell_band("null_rate", 0.0, 0.01), spell_band("distinct", 3.0, 3.2)
    ('0 % to 1 %', '3')
    """
    least, most = spell(fact, low), spell(fact, high)
    return least if least == most else f"{least} to {most}"


def title_of(fact: str, kind: str) -> str:
    """The fact in words; for a column of times the places are hours from the start of the partition."""
    hours = kind.startswith(("timestamp", "date")) and fact in HOURS
    return f"{name_of(fact)}, hours from the start" if hours else name_of(fact)


HOURS = frozenset({"minimum", "q01", "q05", "q25", "median", "q75", "q95", "q99", "maximum", "mean"})


def is_share(fact: str) -> bool:
    """Whether the fact is a share of rows or characters, which people read in percent."""
    return fact in RATES


def plain(text: str, *, longest: int = LONGEST_NAME) -> str:
    """The text without what moves a cursor or turns the direction of its neighbours, cut where it is too long.

    >>> plain("temp\\x1b[2J"), plain("a" * 99, longest=5)
    ('temp\\ufffd[2J', 'aaaa…')
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(char if char.isprintable() or char in JOINERS else "\N{REPLACEMENT CHARACTER}" for char in cut)
