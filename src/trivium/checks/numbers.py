"""Scalars of a numeric column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trivium.checks.order import describe_runs, describe_smoothness, describe_sorting, fingerprint

Floats = NDArray[np.float64]
QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}
GRAINS = (5, 10, 100)
LEVELS = 12
TRIMMED = 0.01
LARGEST = 1e150
NEAR, NEAREST, STEPS = 0.5, 0.05, 9
REACHES = {at: min(NEAR * min(at, 1 - at), NEAREST) for at in QUANTILES.values()}
AROUND = np.array([np.linspace(at - reach, at + reach, STEPS) for at, reach in REACHES.items()])


def describe_numbers(values: Floats) -> dict[str, float]:
    """Rates, quantiles, moments, grain, order. values: (n,) floats, n >= 1; NaN and infinities only count."""
    known = np.isfinite(values)
    finite = values if known.all() else values[known]
    nan = int(np.count_nonzero(np.isnan(values))) if finite.size < values.size else 0
    facts = {"nan_rate": nan / values.size, "infinite_rate": (values.size - finite.size - nan) / values.size}
    if values.size > 1:
        facts |= describe_runs(values) | {"fingerprint": fingerprint(values.tobytes())}
    return facts | describe_finite(finite) if finite.size else facts


def describe_finite(values: Floats) -> dict[str, float]:
    """Where the values lie, how they spread and how they follow each other. values: (n,) finite floats, n >= 1."""
    order = np.argsort(values)  # the one sorting that all facts share
    ordered = values[order]
    steps = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    starts = np.flatnonzero(steps)
    runs = np.diff(np.append(starts, ordered.size))
    ranks = np.empty(values.size)
    ranks[order] = np.cumsum(steps)
    below, up_to = np.searchsorted(ordered, 0.0), np.searchsorted(ordered, 0.0, side="right")
    return {
        "minimum": float(ordered[0]),
        "maximum": float(ordered[-1]),
        "distinct": float(starts.size),
        "top_share": float(runs.max() / ordered.size),
        "zero_rate": float((up_to - below) / ordered.size),
        "negative_rate": float(below / ordered.size),
        **describe_moments(values, ordered),
        **describe_places(ordered, starts, runs),
        **describe_grain(values),
        **describe_sorting(values),
        **describe_smoothness(ranks, starts.size),
    }


def describe_moments(values: Floats, ordered: Floats) -> dict[str, float]:
    """Mean and standard deviation with the outer hundredths pulled in to the rest, so that no single row moves them."""
    cut = int(TRIMMED * (ordered.size - 1))
    low, high = max(ordered[cut], -LARGEST), min(ordered[ordered.size - 1 - cut], LARGEST)
    kept = np.clip(values, min(low, high), max(low, high))
    return {"mean": float(kept.mean()), "sd": float(kept.std())}


def describe_places(ordered: Floats, starts: NDArray[np.intp], runs: NDArray[np.intp]) -> dict[str, float]:
    """Quantiles; by the middles of the steps, so that they move evenly where values repeat, unless levels are few.

    Each is the mean over the shares around its own, so that it does not jump where few values lie: the 1st percentile
    from 0.5 to 1.5 %, the median from 45 to 55 %.
    Parzen's mid-quantiles: Ma, Genton and Parzen, "Asymptotic properties of sample quantiles of discrete
    distributions", Annals of the Institute of Statistical Mathematics 63 (2011), section 2.
    """
    if has_few_levels(starts.size, ordered.size):
        return {name: float(ordered[round(level * (ordered.size - 1))]) for name, level in QUANTILES.items()}
    places = np.interp(AROUND, (starts + runs / 2) / ordered.size, np.clip(ordered[starts], -LARGEST, LARGEST))
    return dict(zip(QUANTILES, map(float, places.mean(axis=1)), strict=True))


def has_few_levels(distinct: float, rows: float) -> bool:
    """Whether a column is one of a few levels, whose shares tell everything and whose quantiles jump."""
    return distinct <= LEVELS and 4 * distinct <= rows


def describe_grain(values: Floats) -> dict[str, float]:
    """How round the values are: the share that is not whole, and the shares of multiples of 5, 10 and 100."""
    rest = values[np.rint(values) == values]
    facts = {"fraction_rate": 1 - rest.size / values.size}
    for grain in GRAINS:
        rest = rest[np.fmod(rest, grain) == 0]  # each grain is a multiple of the one before
        facts[f"multiple_of_{grain}"] = rest.size / values.size
    return facts
