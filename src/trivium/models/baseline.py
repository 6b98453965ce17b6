"""The simplest thing that could work: the target's mean by the values of the single most telling column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from trivium.checks.measures import as_floats

Array = NDArray[np.float64]
BINS = 10
MOST_GROUPS = 500
PRIOR_ROWS = 20  # a group's mean is drawn to the overall mean as if this many average rows were in it


class Baseline(Struct, frozen=True):
    """A learnt baseline. `edges` cut a numeric column into bins; `answers` are by bin or by value, as text."""

    column: str
    edges: tuple[float, ...] | None
    answers: dict[str, float]
    otherwise: float

    @property
    def story(self) -> str:
        """What it does, in a few words."""
        groups = f"{len(self.answers)} {'values' if self.edges is None else 'bins'}"
        return f"mean of the target by {self.column} ({groups})" if self.column else "mean of the target"


def learn_baseline(rows: pl.DataFrame, columns: Sequence[str], labels: Array) -> Baseline:
    """The baseline of the column whose group means, learnt on one half of the rows, err least on the other.

    rows: the columns to choose from; labels: (n,) floats, NaN where unknown.
    """
    known = np.isfinite(labels)
    rows, labels = rows.filter(pl.Series(known)), labels[known]
    learns = halves(labels.size)
    best, least = Baseline("", None, {}, _mean(labels)), _error(labels[~learns], np.full(1, _mean(labels[learns])))
    chosen = ""
    for column in columns:
        candidate = fit(rows.filter(pl.Series(learns)), column, labels[learns])
        if candidate is None:
            continue
        error = _error(labels[~learns], answer(candidate, rows.filter(pl.Series(~learns))))
        if error < least:
            chosen, least = column, error
    return (fit(rows, chosen, labels) if chosen else None) or best


def halves(rows: int) -> NDArray[np.bool_]:
    """Half of the rows by lot, the same half each time."""
    chosen: NDArray[np.bool_] = np.random.default_rng(rows).random(rows) < 0.5
    return chosen


def fit(rows: pl.DataFrame, column: str, labels: Array) -> Baseline | None:
    """The smoothed means by this column; None when it cannot be grouped (times, too many values)."""
    edges = _edges(rows[column])
    groups = _groups(rows[column], edges)
    if groups is None or not labels.size:
        return None
    overall = _mean(labels)
    sums = pl.DataFrame({"group": groups, "label": labels}).group_by("group").agg(pl.len(), pl.col("label").sum())
    if sums.height > MOST_GROUPS:
        return None
    means = sums.select("group", mean=(pl.col("label") + PRIOR_ROWS * overall) / (pl.col("len") + PRIOR_ROWS))
    return Baseline(column, edges, dict(sorted(means.iter_rows())), overall)


def answer(baseline: Baseline, rows: pl.DataFrame) -> Array:
    """The baseline's answers: (n,) floats."""
    groups = _groups(rows[baseline.column], baseline.edges) if baseline.column else None
    if groups is None:
        return np.full(rows.height, baseline.otherwise)
    return as_floats(groups.replace_strict(baseline.answers, default=baseline.otherwise, return_dtype=pl.Float64))


def _edges(column: pl.Series) -> tuple[float, ...] | None:
    if not column.dtype.is_numeric() or column.n_unique() <= BINS:
        return None
    values = as_floats(column.cast(pl.Float64))
    cuts = np.quantile(values[np.isfinite(values)], np.linspace(0, 1, BINS + 1)[1:-1])
    return tuple(np.unique(cuts).tolist())


def _groups(column: pl.Series, edges: tuple[float, ...] | None) -> pl.Series | None:
    """Each row's group as text; missing values are a group of their own."""
    if column.dtype.is_temporal():
        return None
    if edges is None:
        return column.cast(pl.String).fill_null("missing")
    values = as_floats(column.cast(pl.Float64))
    places = pl.Series(np.searchsorted(np.array(edges), values, side="right")).cast(pl.String)
    return places.set(pl.Series(~np.isfinite(values)), "missing")


def _mean(labels: Array) -> float:
    return float(labels.mean()) if labels.size else 0.0


def _error(labels: Array, answers: Array) -> float:
    return float(np.mean((labels - answers) ** 2)) if labels.size else np.inf
