"""The picture of the guide, written from made-up numbers: `python -m trivium.pictures.example FILE`."""

from __future__ import annotations

import math
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from trivium.pictures.chart import draw_history
from trivium.pictures.picture import Mark, Series
from trivium.pictures.style import COLOURS, DRAWING
from trivium.pictures.wording import spell_band
from trivium.values.alerts import Alert, Finding

DAYS, STORM, BROKEN = 40, 17, 39


def write_example() -> str:
    """An SVG file: forty days of temperatures, a storm that somebody dismissed, and a day in another unit."""
    middle = [66 + 9 * math.sin(day / 9) for day in range(DAYS)]
    values = [each + 1.6 * math.sin(day * 2.3) for day, each in enumerate(middle)]
    values[STORM], values[BROKEN] = 52.5, 21.4
    low, high = tuple(each - 6.5 for each in middle), tuple(each + 6.5 for each in middle)
    series = Series("median", "median of temp", tuple(values), low, high)
    days = [(date(2024, 2, 1) + timedelta(days=day)).isoformat() for day in range(DAYS)]
    told = f"`temp`: median 21.4, expected {spell_band('median', low[-1], high[-1])}; looks like °F turned °C"
    marks = [example_mark(BROKEN, days, told), example_mark(STORM, days, "`temp`: a storm", "false_alarm")]
    drawn = draw_history(series, days, marks, width=760.0, height=210.0, aside=[BROKEN])
    return standalone(drawn)


def example_mark(at: int, days: list[str], message: str, verdict: Finding | None = None) -> Mark:
    """An alert of that day."""
    alert = Alert(
        id=f"example-{at}", table="weather", column="temp", partition=days[at], check="learned(temp)", kind="learned",
        severity="block", state="open" if verdict is None else "resolved", message=message, evidence={}, commit=None,
        opened_at=datetime(2024, 3, 12, 3, tzinfo=UTC), verdict=verdict,
    )  # fmt: skip
    return Mark(at, alert, "median")


def standalone(svg: str) -> str:
    """An SVG element as a file of its own, with its colours for light and dark."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" '
    return f"{svg.replace('<svg ', head, 1).replace('>', f'><style>{COLOURS}{DRAWING}</style>', 1)}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write_example(), encoding="utf-8")
