"""Markdown as people read it: headings, tables and lists whose cells cannot break the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from trivium.values.models import Metric

Lines = list[str]


def heading(title: str, level: int = 2) -> Lines:
    """A heading with room around it."""
    return ["", f"{'#' * level} {title}", ""]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing yet.") -> Lines:
    """A table, or the sentence `empty` without rows."""
    body = [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    if not body:
        return [empty]
    return [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *body]


def bullets(items: Iterable[str], *, empty: str = "Nothing yet.") -> Lines:
    """A list, or the sentence `empty` without items."""
    return [f"- {line(item)}" for item in items] or [empty]


def line(value: object) -> str:
    """Text on one line, with what would be read as HTML made harmless."""
    return " ".join(str(value).split()).replace("<", "&lt;")


def cell(value: object) -> str:
    """Text in one cell of a table; nothing is a dash."""
    return line("-" if value is None or value == "" else value).replace("|", "\\|")


def moment(at: datetime | None) -> str:
    """A time to the minute, in UTC."""
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M")


def value_of(metric: Metric | None) -> str:
    """A metric's value."""
    return "" if metric is None else f"{metric.value:.4f}"


def interval_of(metric: Metric | None) -> str:
    """A metric's 95 % interval."""
    if metric is None or metric.low is None or metric.high is None:
        return ""
    return f"{metric.low:.4f} to {metric.high:.4f}"
