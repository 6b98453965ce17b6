"""How surprising each fact of a partition is, in units of the level at which it alarms.

A fact's residual is measured against its own worst past residuals, each of those against the others (leave one out),
so that a fact which often jumps may jump. The largest such ratio of each past partition, by family of facts, gives the
tail from which the family's threshold is extrapolated to its part of one alarm budget for the whole table.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trivium.checks.facts import FAMILIES, Bools, Floats, Key, family_of, has_two_scales, is_logarithmic, to_log
from trivium.checks.history import History
from trivium.checks.predictors import phase_of, stack
from trivium.checks.tail import tail_threshold
from trivium.values.alerts import Profile

BUDGET = 0.005
SLACK = 1.5
NOISE = 3.0
LENGTHS = frozenset({"length_minimum", "length_maximum"})
COMPANY = 0.25
LEAST_THRESHOLD = 1.0
COLD = 14
COLD_THRESHOLD = 2.0
FEWEST_RESIDUALS = 3


class Surprises(Struct, frozen=True):
    """Vectors over `keys`: what is (`values`), what was expected, how far off (`scores`, 1.0 = just alarming), and
    `widths`, the distance from the expectation at which each fact alarms. Where `logs`, all of them are on the signed
    logarithmic scale."""

    keys: list[Key]
    values: Floats
    expected: Floats
    widths: Floats
    scores: Floats
    logs: Bools

    def at(self, key: Key) -> int | None:
        """The position of a fact that has a score."""
        found = self.keys.index(key) if key in self.keys else None
        return found if found is not None and math.isfinite(self.scores[found]) else None

    def to_scale(self, at: int, value: float) -> float:
        """A value of the fact on the scale on which it is compared."""
        return math.copysign(math.log1p(abs(value)), value) if self.logs[at] else value

    def from_scale(self, at: int, value: float) -> float:
        """The inverse of `to_scale`."""
        return math.copysign(math.expm1(min(abs(value), 700.0)), value) if self.logs[at] else value


def measure_surprise(profile: Profile, history: History) -> Surprises:
    """The surprise of every fact of this partition given the history, which has at least one partition.

    Facts with fewer than three past residuals have no score (NaN).
    """
    names = list(history.keys)
    vector = history.vector_of(profile)[0][: len(names)]
    predicted = history.predictions(phase_of(profile.partition), len(names))
    residuals = np.full((len(history), *predicted.shape), np.nan)
    for number, past in enumerate(history.residuals):
        residuals[number, :, : past.shape[1]] = past
    best, columns = choose_predictors(residuals), np.arange(len(names))
    past_values, expected = stack(history.values, len(names)), predicted[best, columns]
    past_expected = past_values - residuals[:, best, columns]
    straight = np.abs(residuals[:, best, columns])
    curved = np.abs(to_log(past_values) - to_log(past_expected))
    logs = choose_scales(names, straight, curved)
    errors = np.where(logs, curved, straight)
    expected, vector = np.where(logs, to_log(expected), expected), np.where(logs, to_log(vector), vector)
    scale, past_scales = worst_errors(errors)
    usual, still = float(np.median(history.rows)), (errors == 0).mean(axis=0)
    slack = slack_of(names, scale, logs, predicted[best, columns], still=still, rows=profile.rows, usual_rows=usual)
    thresholds = family_thresholds(names, errors / (past_scales + slack))
    widths = (scale + slack) * thresholds
    scores = np.abs(vector - expected) / widths
    scores[np.isfinite(errors).sum(axis=0) < FEWEST_RESIDUALS] = math.nan
    return Surprises(names, vector, expected, widths, scores, logs)


def choose_scales(names: list[Key], straight: Floats, curved: Floats) -> Bools:
    """Which facts are compared on the logarithmic scale, (facts,): counts, and the places of a column that it suits.

    The scale on which the worst past errors stand out least from the usual ones is taken, for all places of a column
    together: the choice between the powers 1 and 0 of Box and Cox, "An analysis of transformations", Journal of the
    Royal Statistical Society B 26 (1964), by the tail of the errors instead of by likelihood.
    """
    gain = np.log(heaviness(straight)) - np.log(heaviness(curved))
    votes: dict[str, float] = {}
    for i, (column, fact) in enumerate(names):
        if has_two_scales(fact):
            votes[column] = votes.get(column, 0.0) + float(gain[i])
    return np.array(
        [is_logarithmic(fact) or (has_two_scales(fact) and votes[column] >= 0.0) for column, fact in names], dtype=bool
    )


def heaviness(errors: Floats) -> Floats:
    """The worst two errors of each fact in units of its mean error, (facts,), at least 1."""
    worst = worst_errors(errors)[0]
    known = np.isfinite(errors)
    mean = np.where(known, errors, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.maximum(np.where(mean > 0, worst / np.where(mean > 0, mean, 1.0), 1.0), 1.0)


def choose_predictors(residuals: Floats) -> NDArray[np.intp]:
    """The predictor with the least mean absolute residual for each fact. residuals: (n, predictors, facts)."""
    errors = np.abs(residuals)
    known = np.isfinite(errors)
    total = np.where(known, errors, 0.0).sum(axis=0)
    mean = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.inf)
    best: NDArray[np.intp] = np.argmin(mean, axis=0)
    return best


def worst_errors(errors: Floats) -> tuple[Floats, Floats]:
    """The mean of the two worst errors of each fact, (facts,); and for each partition without its own, (n, facts)."""
    filled = np.where(np.isfinite(errors), errors, 0.0)
    top = np.zeros((3, errors.shape[1]))
    count = min(3, len(filled))
    top[:count] = np.sort(np.partition(filled, -count, axis=0)[-count:], axis=0)[::-1]
    first, second, third = top
    without_second = np.where(filled >= second, (first + third) / 2, (first + second) / 2)
    others = np.where(filled >= first, (second + third) / 2, without_second)
    return (first + second) / 2, others


def slack_of(
    names: list[Key], scale: Floats, logs: Bools, expected: Floats, still: Floats, *, rows: int, usual_rows: float
) -> Floats:
    """What each fact may move beyond its own past, (facts,). expected: in the facts' own units.

    Shares and the number of rows move by 1.5 rows, counts and the length of the longest text by 1.5, places and edges
    by what 1.5 rows do to the mean and by a quarter of the worst error of any place of their column as far as they
    stood still (`still`: the share of past errors that were 0), so that a quantile which never moved may follow the
    others.
    A partition that is smaller than usual adds three standard errors.
    """
    excess = NOISE * max(0.0, 1 / math.sqrt(max(rows, 1)) - 1 / math.sqrt(max(usual_rows, 1.0)))
    share = SLACK / max(rows, 1)
    spreads = {column: float(expected[i]) for i, (column, fact) in enumerate(names) if fact == "sd"}
    company = _company(names, scale)
    slack = np.full(len(names), share)
    for i, (column, fact) in enumerate(names):
        middle = float(expected[i])
        if fact == "log_rows":
            slack[i] = SLACK / max(usual_rows, 1.0)
        if not math.isfinite(middle) or fact == "log_rows":
            continue
        slope = 1 / (1 + abs(middle)) if logs[i] else 1.0
        if has_two_scales(fact):
            spread = spreads.get(column, 0.0)
            letters = SLACK if fact in LENGTHS else 0.0
            slack[i] = (
                letters * slope
                + slope * max(0.0, spread) * (share + excess)
                + COMPANY * still[i] * company[column]
                + 1e-6
            )
        elif is_logarithmic(fact):
            slack[i] = SLACK * slope
        else:
            slack[i] = share + excess * math.sqrt(max(middle * (1 - middle), 0.0))
    return slack


def _company(names: list[Key], scale: Floats) -> dict[str, float]:
    worst: dict[str, float] = {}
    for i, (column, fact) in enumerate(names):
        if has_two_scales(fact):
            worst[column] = max(worst.get(column, 0.0), float(scale[i]))
    return worst


def family_thresholds(names: list[Key], past_scores: Floats) -> Floats:
    """The score at which each fact alarms, (facts,): its family's tail at the family's part of the budget.

    With fewer than 14 partitions there is no tail yet, and twice the worst error has to do.
    """
    families = np.array([FAMILIES.index(family_of(fact)) for _, fact in names])
    filled = np.where(np.isfinite(past_scores), past_scores, 0.0)
    present = np.unique(families)
    thresholds = np.full(len(names), LEAST_THRESHOLD)
    for family in present:
        maxima = filled[:, families == family].max(axis=1)
        level = tail_threshold(maxima, BUDGET / present.size) if len(maxima) >= COLD else COLD_THRESHOLD
        thresholds[families == family] = max(level, LEAST_THRESHOLD)
    return thresholds
