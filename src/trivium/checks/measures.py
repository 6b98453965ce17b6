"""How good predictions are: measures with 95 % intervals, on labels and scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from trivium.errors import Misuse
from trivium.values.models import Metric

Array = NDArray[np.float64]
Better = Literal["higher", "lower", "neither"]
Estimate = tuple[float, float, float]
Z = 1.959963984540054  # the 97.5 % point of the normal distribution: intervals are 95 % everywhere
BINS = 10


class Measure(Struct, frozen=True):
    """A measure: which way is better, for which targets, and its function: (labels, scores) to (value, low, high).

    `difference` is that of two score columns on the same rows, paired.
    """

    name: str
    better: Better
    targets: tuple[str, ...]
    estimate: Callable[[Array, Array], Estimate]
    difference: Callable[[Array, Array, Array], Estimate] | None = None


def measure(name: str, labels: ArrayLike, scores: ArrayLike, slice: str = "") -> Metric:  # noqa: A002 # the field's name
    """The named measure with its 95 % interval; rows without label or score are left out.

    labels: (n,) true values, 0 and 1 (or booleans) for the measures of classifiers. scores: (n,) floats; probabilities
    in [0, 1] for classifiers.

    Raises Misuse for an unknown measure, or when it is not defined on these rows (AUC needs both classes).
    """
    found = find_measure(name, labels, scores, slice)
    if found is None:
        raise Misuse(
            f"{name} is not defined on these {np.size(labels)} rows: it needs labels of both kinds and scores."
        )
    return found


def find_measure(name: str, labels: ArrayLike, scores: ArrayLike, slice: str = "") -> Metric | None:  # noqa: A002
    """The same, or None where it is not defined."""
    chosen = get_measure(name)
    truth, given = paired(labels, scores)
    value, low, high = chosen.estimate(truth, given) if truth.size else (math.nan,) * 3
    if not math.isfinite(value):
        return None
    bounds = (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)
    return Metric(name, value, int(truth.size), slice, *bounds)


def find_share(name: str, hits: Array, slice: str = "") -> Metric | None:  # noqa: A002 # the field's name
    """The share of ones among zeros and ones, under this name, with its interval; None of no rows."""
    if not hits.size:
        return None
    value, low, high = share_interval(hits)
    return Metric(name, value, int(hits.size), slice, low, high)


def improvement(name: str, labels: ArrayLike, scores: ArrayLike, others: ArrayLike) -> Metric | None:
    """By how much the scores are better than the others on the same rows, with the interval of the paired difference.

    Positive is better, whichever way the measure goes. None where it is not defined. Raises Misuse for a measure that
    has no better way.
    """
    chosen = get_measure(name)
    if chosen.difference is None:
        raise Misuse(f"{name} says nothing about better or worse; compare {', '.join(comparable())}.")
    truth, ours, theirs = paired(labels, scores, others)
    value, low, high = chosen.difference(truth, ours, theirs) if truth.size else (math.nan,) * 3
    if not all(map(math.isfinite, (value, low, high))):
        return None
    if chosen.better == "lower":
        value, low, high = -value, -high, -low
    return Metric(name, value, int(truth.size), "", low, high)


def get_measure(name: str) -> Measure:
    """The measure of this name. Raises Misuse when there is none."""
    if name not in MEASURES:
        raise Misuse(f"There is no measure {name!r}; known: {', '.join(MEASURES)}.")
    return MEASURES[name]


def measures_for(target: str) -> tuple[str, ...]:
    """Names of the measures of a target kind ("binary" or "regression"), the headline first."""
    return tuple(each.name for each in MEASURES.values() if target in each.targets)


def comparable() -> tuple[str, ...]:
    """Names of the measures by which one model can be better than another."""
    return tuple(each.name for each in MEASURES.values() if each.difference is not None)


def paired(labels: ArrayLike, *scores: ArrayLike) -> tuple[Array, ...]:
    """The columns as floats, without rows in which one is missing. Raises Misuse when lengths differ."""
    columns = [as_floats(column) for column in (labels, *scores)]
    if len({column.size for column in columns}) > 1:
        raise Misuse(f"Labels and scores belong together row by row, but have {[c.size for c in columns]} rows.")
    known = np.all([np.isfinite(column) for column in columns], axis=0)
    return tuple(column[known] for column in columns)


def as_floats(column: Any) -> Array:
    """The column as (n,) floats, missing values as NaN."""
    values = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
    return values.astype(np.float64).reshape(-1)


def auc(labels: Array, scores: Array) -> Estimate:
    """The probability that a positive row scores above a negative one, ties counting half (Mann & Whitney 1947).

    The interval is the score-type one of Newcombe (Statistics in Medicine 25, 2006, method 5) with the variance of
    Hanley & McNeil (Radiology 143, 1982): unlike the plain normal interval it is honest for few rows and near 0 and 1.
    """
    positive, negative = scores[labels > 0.5], scores[labels <= 0.5]
    if not positive.size or not negative.size:
        return (math.nan,) * 3
    ranks = midranks(np.concatenate([positive, negative]))
    pairs = positive.size * negative.size
    value = float((ranks[: positive.size].sum() - positive.size * (positive.size + 1) / 2) / pairs)
    return value, *auc_interval(value, positive.size, negative.size)


def auc_interval(value: float, positive: int, negative: int) -> tuple[float, float]:
    """The AUCs that `value` does not contradict at 5 %, for these numbers of positive and negative rows."""

    def standard_error(truth: float) -> float:
        spread = 1 + ((positive + negative) / 2 - 1) * ((1 - truth) / (2 - truth) + truth / (1 + truth))
        return math.sqrt(truth * (1 - truth) * spread / (positive * negative))

    low = solve(lambda truth: value - truth - Z * standard_error(truth), 0.0, value)
    high = solve(lambda truth: value - truth + Z * standard_error(truth), value, 1.0)
    return low, high


def solve(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that is positive at `low` and negative at `high` is zero, by bisection to 1e-9."""
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def auc_difference(labels: Array, ours: Array, theirs: Array) -> Estimate:
    """AUC of ours minus AUC of theirs on the same rows; the variance of DeLong, DeLong & Clarke-Pearson (1988, eq. 6).

    Their placement values are computed from midranks, as Sun & Xu (IEEE Signal Processing Letters 21, 2014) do.
    """
    is_positive = labels > 0.5
    count, rest = int(is_positive.sum()), int((~is_positive).sum())
    if count < 2 or rest < 2:
        return (math.nan,) * 3
    gaps = [placements(ours, is_positive)[side] - placements(theirs, is_positive)[side] for side in (0, 1)]
    value = float(gaps[0].mean())
    error = math.sqrt(float(gaps[0].var(ddof=1)) / count + float(gaps[1].var(ddof=1)) / rest)
    return value, value - Z * error, value + Z * error


def placements(scores: Array, is_positive: NDArray[np.bool_]) -> tuple[Array, Array]:
    """For each positive row the share of negatives below it; for each negative the share of positives above it."""
    ranks = midranks(scores)
    positive, negative = ranks[is_positive], ranks[~is_positive]
    above = (positive - midranks(scores[is_positive])) / negative.size
    below = 1 - (negative - midranks(scores[~is_positive])) / positive.size
    return above, below


def midranks(values: Array) -> Array:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Array = (last - (counts - 1) / 2)[place.reshape(-1)]
    return shared


def of_mean(losses: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Estimate]:
    """The mean loss with its normal interval."""

    def estimate(labels: Array, scores: Array) -> Estimate:
        return mean_interval(losses(labels, scores))

    return estimate


def mean_difference(losses: Callable[[Array, Array], Array]) -> Callable[[Array, Array, Array], Estimate]:
    """The difference of two mean losses on the same rows, with the interval of the paired mean."""

    def difference(labels: Array, ours: Array, theirs: Array) -> Estimate:
        return mean_interval(losses(labels, ours) - losses(labels, theirs))

    return difference


def mean_interval(values: Array) -> Estimate:
    """Mean and normal interval; no interval for a single value."""
    mean = float(values.mean())
    if values.size < 2:
        return mean, math.nan, math.nan
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    return mean, mean - Z * error, mean + Z * error


def share_interval(hits: Array) -> Estimate:
    """A share with its interval (Wilson, Journal of the American Statistical Association 22, 1927)."""
    rows, share = hits.size, float(hits.mean())
    centre = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    half = Z / (1 + Z * Z / rows) * math.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))
    return share, centre - half, centre + half


def squared(labels: Array, scores: Array) -> Array:
    """Squared errors; for probabilities their mean is the score of Brier (Monthly Weather Review 78, 1950)."""
    errors: Array = (labels - scores) ** 2
    return errors


def absolute(labels: Array, scores: Array) -> Array:
    """Absolute errors."""
    errors: Array = np.abs(labels - scores)
    return errors


def surprisal(labels: Array, scores: Array) -> Array:
    """-log of the probability given to what happened, in nats; probabilities are kept 1e-15 away from 0 and 1."""
    given = np.clip(scores, 1e-15, 1 - 1e-15)
    nats: Array = -np.where(labels > 0.5, np.log(given), np.log1p(-given))
    return nats


def right(labels: Array, scores: Array) -> Array:
    """1 where a threshold of one half gives the right class, else 0."""
    hits: Array = ((scores >= 0.5) == (labels > 0.5)).astype(np.float64)
    return hits


def accuracy(labels: Array, scores: Array) -> Estimate:
    """Share of rows with the right class at a threshold of one half."""
    return share_interval(right(labels, scores))


def rate(labels: Array, scores: Array) -> Estimate:
    """Share of positive labels: how frequent the event is, whatever the scores say."""
    return share_interval((labels > 0.5).astype(np.float64))


def rmse(labels: Array, scores: Array) -> Estimate:
    """Root of the mean squared error; the interval is that of the mean, its root taken."""
    return _roots(mean_interval(squared(labels, scores)))


def rmse_difference(labels: Array, ours: Array, theirs: Array) -> Estimate:
    """RMSE of ours minus RMSE of theirs: the paired difference of squared errors over the sum of the roots."""
    roots = math.sqrt(float(squared(labels, ours).mean())) + math.sqrt(float(squared(labels, theirs).mean()))
    value, low, high = mean_interval(squared(labels, ours) - squared(labels, theirs))
    return (value / roots, low / roots, high / roots) if roots else (0.0, 0.0, 0.0)


def calibration_error(labels: Array, scores: Array) -> Estimate:
    """Mean distance between predicted and observed share over ten bins of equally many rows, weighted by rows.

    The expected calibration error of Naeini, Cooper & Hauskrecht (AAAI 2015) with bins of equal counts; the interval
    adds up the binomial variance of each bin's share, and is narrow for bins that are perfectly calibrated.
    """
    order = np.argsort(scores, kind="stable")
    bins = [part for part in np.array_split(order, min(BINS, scores.size)) if part.size]
    weights = np.array([part.size / scores.size for part in bins])
    observed = np.array([labels[part].mean() for part in bins])
    gaps = np.abs(observed - np.array([scores[part].mean() for part in bins]))
    variance = observed * (1 - observed) / np.array([part.size for part in bins])
    value, error = float(weights @ gaps), math.sqrt(float(weights**2 @ variance))
    return value, max(0.0, value - Z * error), value + Z * error


def _roots(squares: Estimate) -> Estimate:
    value, low, high = (math.sqrt(max(0.0, square)) for square in squares)
    return value, low, high


MEASURES: dict[str, Measure] = {
    each.name: each
    for each in (
        Measure("auc", "higher", ("binary",), auc, auc_difference),
        Measure("log_loss", "lower", ("binary",), of_mean(surprisal), mean_difference(surprisal)),
        Measure("brier", "lower", ("binary",), of_mean(squared), mean_difference(squared)),
        Measure("accuracy", "higher", ("binary",), accuracy, mean_difference(right)),
        Measure("calibration_error", "lower", ("binary",), calibration_error),
        Measure("rate", "neither", ("binary",), rate),
        Measure("rmse", "lower", ("regression",), rmse, rmse_difference),
        Measure("mae", "lower", ("regression",), of_mean(absolute), mean_difference(absolute)),
    )
}
