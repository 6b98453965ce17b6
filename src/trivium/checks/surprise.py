"""How surprising each fact of a partition is, in units of the level at which it alarms.

A fact's residual is measured against its own worst past residuals, each of those against the others (leave one out),
so that a fact which often jumps may jump. The largest such ratio of each past partition, by family of facts, gives the
tail from which the family's threshold is extrapolated to its part of one alarm budget for the whole table.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from trivium.checks.facts import COUNT, EDGE, FAMILIES, PLACE, Floats, Key, family_of
from trivium.checks.history import History
from trivium.checks.predictors import phase_of
from trivium.checks.tail import tail_threshold
from trivium.values.alerts import Profile

BUDGET = 0.005
SLACK_ROWS = 1.5
NOISE = 3.0
COMPANY = 0.25
LEAST_THRESHOLD = 1.0
FEWEST_RESIDUALS = 3


class Surprises(Struct, frozen=True):
    """Vectors over `keys`: what is (`values`), what was expected, how far off (`scores`, 1.0 = just alarming), and
    `widths`, the distance from the expectation at which each fact alarms; all on the scale of `to_scale`."""

    keys: list[Key]
    values: Floats
    expected: Floats
    widths: Floats
    scores: Floats

    def at(self, key: Key) -> int | None:
        """The position of a fact that has a score."""
        found = self.keys.index(key) if key in self.keys else None
        return found if found is not None and math.isfinite(self.scores[found]) else None


def measure_surprise(profile: Profile, history: History) -> Surprises:
    """The surprise of every fact of this partition given the history, which has at least one partition.

    Facts with fewer than three past residuals have no score (NaN).
    """
    vector, keys = history.vector_of(profile)
    known = len(history.keys)
    names, vector = list(history.keys), vector[:known]
    predicted = history.predictions(phase_of(profile.partition), known)
    residuals = np.full((len(history), *predicted.shape), np.nan)
    for number, past in enumerate(history.residuals):
        residuals[number, :, : past.shape[1]] = past
    best = choose_predictors(residuals)
    columns = np.arange(known)
    expected, errors = predicted[best, columns], np.abs(residuals[:, best, columns])
    scale, past_scales = worst_errors(errors)
    slack = slack_of(names, scale, history, expected, profile.rows)
    past_scores = errors / (past_scales + slack)
    thresholds = family_thresholds(names, past_scores)
    widths = (scale + slack) * thresholds
    scores = np.abs(vector - expected) / widths
    scores[np.isfinite(errors).sum(axis=0) < FEWEST_RESIDUALS] = math.nan
    return Surprises(names, vector, expected, widths, scores)


def choose_predictors(residuals: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The predictor with the least mean absolute residual for each fact. residuals: (n, predictors, facts)."""
    errors = np.abs(residuals)
    known = np.isfinite(errors)
    total = np.where(known, errors, 0.0).sum(axis=0)
    mean = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.inf)
    return np.argmin(mean, axis=0)


def worst_errors(errors: Floats) -> tuple[Floats, Floats]:
    """The mean of the two worst errors of each fact, (facts,), and the same for each partition without its own, (n, facts)."""
    filled = np.where(np.isfinite(errors), errors, 0.0)
    top = np.zeros((3, errors.shape[1]))
    count = min(3, len(filled))
    top[:count] = np.sort(np.partition(filled, -count, axis=0)[-count:], axis=0)[::-1]
    first, second, third = top
    others = np.where(
        filled >= first, (second + third) / 2, np.where(filled >= second, (first + third) / 2, (first + second) / 2)
    )
    return (first + second) / 2, others


def slack_of(names: list[Key], scale: Floats, history: History, expected: Floats, rows: int) -> Floats:
    """What each fact may move beyond its own past, (facts,).

    Shares move by 1.5 rows, counts by 1.5, places and edges by what 1.5 rows do to the mean and by a quarter of the
    worst error of any place of their column, so that a quantile which never moved may follow the others. A partition
    that is smaller than usual adds three standard errors.
    """
    usual = float(np.median(history.rows)) or 1.0
    excess = NOISE * max(0.0, 1 / math.sqrt(max(rows, 1)) - 1 / math.sqrt(max(usual, 1.0)))
    share = SLACK_ROWS / max(rows, 1)
    spreads, company = _spreads(names, expected), _company(names, scale)
    slack = np.full(len(names), share)
    for i, (column, fact) in enumerate(names):
        family, middle = family_of(fact), float(expected[i])
        if not math.isfinite(middle) or fact == "log_rows":
            continue
        if family in (PLACE, EDGE):
            spread = spreads.get(column, 0.0) * math.exp(-min(abs(middle), 50.0))
            slack[i] = spread * (share + excess) + COMPANY * company[column] + 1e-6
        elif family == COUNT:
            slack[i] = SLACK_ROWS * math.exp(-abs(middle))
        else:
            slack[i] = share + excess * math.sqrt(max(middle * (1 - middle), 0.0))
    return slack


def _spreads(names: list[Key], expected: Floats) -> dict[str, float]:
    return {
        column: math.expm1(min(expected[i], 50.0))
        for i, (column, fact) in enumerate(names)
        if fact == "sd" and math.isfinite(expected[i])
    }


def _company(names: list[Key], scale: Floats) -> dict[str, float]:
    worst: dict[str, float] = {}
    for i, (column, fact) in enumerate(names):
        if family_of(fact) in (PLACE, EDGE):
            worst[column] = max(worst.get(column, 0.0), float(scale[i]))
    return worst


def family_thresholds(names: list[Key], past_scores: Floats) -> Floats:
    """The score at which each fact alarms, (facts,): its family's tail at the family's part of the budget."""
    families = np.array([FAMILIES.index(family_of(fact)) for _, fact in names])
    filled = np.where(np.isfinite(past_scores), past_scores, 0.0)
    present = np.unique(families)
    thresholds = np.full(len(names), LEAST_THRESHOLD)
    for family in present:
        maxima = filled[:, families == family].max(axis=1)
        level = tail_threshold(maxima, BUDGET / present.size)
        thresholds[families == family] = max(level, LEAST_THRESHOLD)
    return thresholds
