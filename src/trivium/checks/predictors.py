"""One-step predictors of a fact. Which of them serves a fact is decided by its past error, so no season is configured.

Choosing among simple forecasts by their past one-step errors is forecast selection as in Makridakis, Wheelwright and
Hyndman, "Forecasting: methods and applications" (1998), section 2/6; "the same weekday" is the seasonal naive method,
section 3/1 there. Medians instead of means keep a single storm from moving the expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from trivium.checks.facts import Floats
from trivium.checks.times import partition_start

PREDICTORS = ("last", "week", "month", "phase", "shifted")
WEEK, MONTH, PHASES = 7, 28, 4
FEWEST_ALIKE = 3


def predict(
    values: Sequence[Floats], shifts: Sequence[Floats], phases: Sequence[int | None], phase: int | None
) -> Floats:
    """Every predictor's value for the next partition, (5, facts); NaN where nothing is known.

    values: the (facts,) vectors of past partitions, oldest first. shifts: by how much they were above the week's
    median before them.
    phases: their places in the season. phase: that of the next partition.
    """
    width = values[-1].size
    week = median(stack(values[-WEEK:], width))
    month = median(stack(values[-MONTH:], width))
    last = np.where(np.isfinite(values[-1]), values[-1], week)
    alike = [] if phase is None else [i for i, known in enumerate(phases) if known == phase][-PHASES:]
    if len(alike) < FEWEST_ALIKE:
        return np.stack([last, week, month, month, week])
    same = median(stack([values[i] for i in alike], width), fewest=FEWEST_ALIKE)
    shift = median(stack([shifts[i] for i in alike], width), fewest=FEWEST_ALIKE)
    return np.stack([last, week, month, np.where(np.isfinite(same), same, month), week + np.nan_to_num(shift)])


def stack(rows: Sequence[Floats], width: int) -> Floats:
    """The vectors as a matrix, the shorter and older ones filled up with NaN."""
    matrix = np.full((len(rows), width), np.nan)
    for number, row in enumerate(rows):
        matrix[number, : row.size] = row
    return matrix


def median(matrix: Floats, *, fewest: int = 1) -> Floats:
    """The median of each column without its NaNs; NaN where there are fewer than `fewest` values."""
    ordered = np.sort(matrix, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    columns = np.arange(matrix.shape[1])
    middle = (ordered[low, columns] + ordered[np.minimum(high, matrix.shape[0] - 1), columns]) / 2
    return np.where(count >= fewest, middle, np.nan)


def phase_of(partition: str) -> int | None:
    """The partition's place in its season: the weekday of a day, the hour of an hour; None without a time."""
    start: datetime | None = partition_start(partition)
    if start is None:
        return None
    return start.hour if "T" in partition else start.weekday()
