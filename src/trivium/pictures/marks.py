"""Alerts as marks on a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from trivium.pictures.picture import Mark
from trivium.values.alerts import Alert

ABOUT = {"coverage": "null_rate", "row_count": "log_rows"}


def mark_alerts(alerts: Iterable[Alert], partitions: Sequence[str]) -> list[Mark]:
    """A mark for each alert whose partition is there, the newest partition first."""
    places = {name: at for at, name in enumerate(partitions)}
    marks = [mark(alert, places[alert.partition]) for alert in alerts if alert.partition in places]
    return sorted(marks, key=lambda each: -each.at)


def mark(alert: Alert, at: int) -> Mark:
    """The alert's mark. Evidence that is of no use for a picture leaves it without a value of its own."""
    fact = alert.evidence.get("fact")
    if not isinstance(fact, str):
        return Mark(at, alert, ABOUT.get(alert.kind))
    observed, low, high = (number(alert.evidence.get(name)) for name in ("observed", "low", "high"))
    return Mark(at, alert, fact, observed, low, high)


def number(value: Any) -> float | None:
    """The value when it is a finite number, else None."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def is_pressing(mark: Mark) -> bool:
    """Whether somebody still has to look at it."""
    return mark.alert.state == "open"


def verdict_of(alert: Alert) -> str:
    """What has become of the alert, in a word or two."""
    if alert.verdict is not None:
        return alert.verdict.replace("_", " ")
    return alert.state


def value_at(mark: Mark, fact: str, values: Sequence[float | None]) -> float | None:
    """Where the mark lies on the line of a fact: at what was observed then, else at the partition's value."""
    if mark.fact == fact and mark.observed is not None:
        return mark.observed
    return values[mark.at]


def is_about(mark: Mark, fact: str) -> bool:
    """Whether the mark belongs on the line of this fact: it is about it, or about no single one."""
    return mark.fact in (None, fact)
