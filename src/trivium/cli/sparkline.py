"""Small pictures of numbers: a line of bars, and a chart with the expected band."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

BARS = "▁▂▃▄▅▆▇█"
ABSENT = "·"
HEIGHT = 7
WIDTH = 60


def sparkline(values: Sequence[float | None], *, width: int = 24) -> str:
    """The newest `width` values as bars between their least and their greatest; "·" for an absent one."""
    shown = values[-width:]
    known = [value for value in shown if value is not None and math.isfinite(value)]
    if not known:
        return ABSENT * len(shown)
    low, high = min(known), max(known)
    return "".join(_bar(value, low, high) for value in shown)


def band_chart(history: Sequence[float | None], low: float, high: float, observed: float) -> list[Text]:
    """History (oldest first), and at its end the observed value, in a chart whose expected band is shaded.

    low, high: the band in which the observed value was expected. Lines from top to bottom, with the scale on the left.
    """
    points = [*history[-WIDTH:], observed]
    known = [value for value in (*points, low, high) if value is not None and math.isfinite(value)]
    bottom, top = min(known), max(known)
    band = range(_level(low, bottom, top), _level(high, bottom, top) + 1)
    levels = [None if value is None or not math.isfinite(value) else _level(value, bottom, top) for value in points]
    labels = {HEIGHT - 1: f"{top:.4g}", 0: f"{bottom:.4g}"}
    margin = max(len(label) for label in labels.values())
    return [_line(row, levels, band, labels.get(row, "").rjust(margin)) for row in reversed(range(HEIGHT))]


def _bar(value: float | None, low: float, high: float) -> str:
    if value is None or not math.isfinite(value):
        return ABSENT
    place = 0.5 if high == low else (value - low) / (high - low)
    return BARS[min(int(place * len(BARS)), len(BARS) - 1)]


def _level(value: float, bottom: float, top: float) -> int:
    place = 0.5 if top == bottom else (value - bottom) / (top - bottom)
    return round(max(0.0, min(place, 1.0)) * (HEIGHT - 1))


def _line(row: int, levels: Sequence[int | None], band: range, label: str) -> Text:
    line = Text(f"{label} ", style="dim")
    shade = "░" if row in band else " "
    for number, level in enumerate(levels):
        last = number == len(levels) - 1
        if level == row:
            line.append("●" if last else "•", style="red" if last and row not in band else "")
        else:
            line.append(shade, style="green")
    return line
