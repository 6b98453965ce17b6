"""The figures of all engines as one table, with what they are as multiples of ours."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from side_by_side.engine import OURS
from side_by_side.rows import Figure, Measured

GOALS = {
    "chain of 20, first run": "0.8 s; 4 x",
    "chain of 20, again": "0.4 s",
    "per executed task": "5 ms; 3 x bare",
    "per reused task": "0.5 ms",
    "map over 1,000": "4 s",
    "100 MB through 3 tasks, inside": "1.3 x bare",
    "map over 10,000, per item": "as for 1,000",
    "map over 10,000, memory": "1 KB an item more than for 1,000",
    "scheduler, time of a further item": "at most 1.1",
    "scheduler, memory of a further item": "at most 1 KB",
}

Medians = dict[str, dict[str, Figure]]


def medians_of(found: Sequence[tuple[str, Measured]]) -> Medians:
    """By row and engine: the median, or why there is none."""
    gathered: dict[str, dict[str, list[Figure]]] = {}
    for engine, each in found:
        gathered.setdefault(f"{each.row}, {each.unit}", {}).setdefault(engine, []).append(each.figure)
    return {
        row: {engine: median_of(figures) for engine, figures in engines.items()} for row, engines in gathered.items()
    }


def median_of(figures: Sequence[Figure]) -> Figure:
    """The median of numbers; the first trouble where there is any."""
    troubles = [figure for figure in figures if isinstance(figure, str)]
    return troubles[0] if troubles else median(float(figure) for figure in figures)


def as_lines(medians: Medians) -> list[str]:
    """A line for each row and engine: the figure, how many times ours it is, and the goal beside ours."""
    lines: list[str] = []
    for row, engines in medians.items():
        goal = GOALS.get(row.rpartition(", ")[0], "")
        lines += ["", f"{row}{f'  (goal {goal})' if goal else ''}"]
        ours = engines.get(OURS.name)
        lines += [f"  {engine:<15}{spelled(figure, ours)}" for engine, figure in engines.items()]
    return lines


def spelled(figure: Figure, ours: Figure | None) -> str:
    """Such as `  2.180   5.4 x`."""
    if isinstance(figure, str):
        return f"  {figure}"
    times = f"{figure / ours:6.2f} x" if isinstance(ours, float) and ours > 0 else ""
    return f"{figure:9.3f} {times}"
