"""A line of bars: the newest values of one fact, with those that alarmed marked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from trivium.cli.signs import Signs, choose_signs
from trivium.pictures.marks import is_about, is_pressing
from trivium.pictures.picture import Mark, Series

WIDTH = 24


def sparkline(values: Sequence[float | None], *, width: int = WIDTH, signs: Signs | None = None) -> str:
    """The newest `width` values as bars between their least and their greatest; "·" for an absent one."""
    signs = signs or choose_signs()
    shown = values[-width:]
    known = [value for value in shown if value is not None and math.isfinite(value)]
    if not known:
        return signs.absent * len(shown)
    low, high = min(known), max(known)
    return "".join(_bar(value, low, high, signs) for value in shown)


def marked_sparkline(series: Series, marks: Sequence[Mark], *, signs: Signs | None = None) -> Text:
    """The newest 24 values as bars, bright where they are outside of their band; an alarm is a triangle that points to
    where it went, upwards when it is above the middle of the others."""
    signs = signs or choose_signs()
    own = {mark.at: mark for mark in marks if is_about(mark, series.fact)}
    calm = [None if at in own else value for at, value in enumerate(series.values)]
    start = max(len(calm) - WIDTH, 0)
    line = Text()
    for at, bar in enumerate(sparkline(calm, signs=signs), start):
        if at in own:
            line.append(_alarm(series, at, own[at], signs), style=style_of(own[at]))
        else:
            line.append(bar, style="" if is_inside(series, at) else "yellow")
    return line


def style_of(mark: Mark) -> str:
    """The colour of an alarm: that of its severity while somebody has to look at it."""
    if not is_pressing(mark):
        return "dim"
    return "bold red" if mark.alert.severity == "block" else "bold yellow"


def is_inside(series: Series, at: int) -> bool:
    """Whether the value is in its band; an unknown value or band is no reason to look."""
    value, low, high = series.values[at], series.low[at], series.high[at]
    return value is None or low is None or high is None or low <= value <= high


def _alarm(series: Series, at: int, mark: Mark, signs: Signs) -> str:
    value = mark.observed if mark.fact == series.fact and mark.observed is not None else series.values[at]
    known = sorted(each for each in series.values if each is not None)
    if value is None or not known:
        return signs.alarm
    return signs.above if value >= known[len(known) // 2] else signs.below


def _bar(value: float | None, low: float, high: float, signs: Signs) -> str:
    if value is None or not math.isfinite(value):
        return signs.absent
    place = 0.5 if high == low else (value / 2 - low / 2) / (high / 2 - low / 2)  # halves, so that nothing overflows
    return signs.bars[min(int(place * len(signs.bars)), len(signs.bars) - 1)]
