"""What there is to draw, as plain values that any renderer can take: the terminal, an HTML file, a web page.

Positions count along `partitions`, oldest first. None is a value that is not known there.
"""

from __future__ import annotations

from msgspec import Struct

from trivium.values.alerts import Alert

Numbers = tuple[float | None, ...]


class Series(Struct, frozen=True):
    """One fact over the partitions, and the band in which it was expected, all in the unit that people read.

    `surprise`: how far off the newest value is, in units of the alarm threshold (1.0 = just alarming).
    """

    fact: str
    title: str
    values: Numbers
    low: Numbers
    high: Numbers
    surprise: float | None = None


class Mark(Struct, frozen=True):
    """An alert at its partition. `fact`: the one that it is about, None when it is about no single one.

    `observed`, `low` and `high` are as they were when it was raised; a partition may have been repaired since.
    """

    at: int
    alert: Alert
    fact: str | None = None
    observed: float | None = None
    low: float | None = None
    high: float | None = None


class Shape(Struct, frozen=True):
    """How values are distributed: quantiles by name from the least to the greatest, and shares of single values."""

    label: str
    quantiles: dict[str, float]
    shares: dict[str, float]


class Distribution(Struct, frozen=True):
    """Before and after, side by side. `axis`: what the quantiles are quantiles of."""

    axis: str
    before: Shape | None
    after: Shape


class ColumnPicture(Struct, frozen=True):
    """One column over time, the most telling series first. The column "" is the rows as a whole."""

    name: str
    type: str
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    distribution: Distribution | None = None
    surprise: float | None = None


class TablePicture(Struct, frozen=True):
    """A table over its newest partitions. Columns with open alerts first, then by surprise.

    `rows`: of each partition. `aside`: positions of partitions that were not published when they alarmed.
    `left_out`: how many less surprising columns are not among `columns`. `loose`: marks of columns that are
    not drawn.
    `notes`: what somebody who looks should know, in sentences.
    """

    table: str
    partitions: tuple[str, ...]
    rows: tuple[int, ...]
    columns: tuple[ColumnPicture, ...]
    aside: tuple[int, ...] = ()
    left_out: int = 0
    loose: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()


class AlertPicture(Struct, frozen=True):
    """One alert, and its column over time up to it and a little further; no column where there is nothing to draw."""

    alert: Alert
    partitions: tuple[str, ...]
    column: ColumnPicture | None
    aside: tuple[int, ...] = ()
