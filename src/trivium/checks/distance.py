"""How far apart two distributions are: named distances between two samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 10
SHOWN_LEVELS = 100
OTHERS = "(others)"
HALF = 0.5


def ks(now: Floats, before: Floats) -> float:
    """The greatest difference of the two samples' distribution functions, in [0, 1]: the Kolmogorov-Smirnov statistic.

    now, before: (n,) and (m,) values, sorted, neither empty. Source: Smirnov, "Table for estimating the goodness of
    fit of empirical distributions", Annals of Mathematical Statistics 19, 1948.
    """
    at = np.concatenate([now, before])
    gaps = np.searchsorted(now, at, side="right") / now.size - np.searchsorted(before, at, side="right") / before.size
    return float(np.abs(gaps).max())


def psi(now: Floats, before: Floats) -> float:
    """The population stability index of two vectors of shares, 0 or more: sum (p - q) ln (p / q).

    Equal to Jeffreys' divergence (Jeffreys, "An invariant form for the prior probability in estimation problems",
    Proc. R. Soc. A 186, 1946); under this name in Siddiqi, "Credit risk scorecards", Wiley 2006, chapter 8, where 0.1
    is a small change and 0.25 a large one. shares: (k,) each above 0.
    """
    return float(((now - before) * np.log(now / before)).sum())


def jensen_shannon(now: Floats, before: Floats) -> float:
    """The Jensen-Shannon distance of two vectors of shares, in [0, 1]: the root of the divergence, in bits.

    Sources: Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Information Theory 37, 1991; that the
    root is a metric: Endres & Schindelin, IEEE Trans. Information Theory 49, 2003.
    """
    middle = (now + before) / 2
    divergence = (_relative_entropy(now, middle) + _relative_entropy(before, middle)) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


SHARES: dict[str, Callable[[Floats, Floats], float]] = {"psi": psi, "js": jensen_shannon}


def smoothed(now: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Two vectors of counts as shares, half a row added to each bin of both, so that no bin is empty.

    Source: Jeffreys' prior for multinomial shares (Good, "The estimation of probabilities", MIT Press 1965).
    """
    padded = now + HALF, before + HALF
    return padded[0] / padded[0].sum(), padded[1] / padded[1].sum()


def bin_numbers(now: Floats, before: Floats) -> tuple[list[str], Floats, Floats]:
    """Labels of bins, and how many values of each sample are in them. The bins are tenths of the sample before.

    A value that holds more than a tenth of that sample has a bin of its own. now, before: sorted, `before` not empty.
    """
    marks = before[np.ceil(np.arange(1, BINS) / BINS * before.size).astype(int) - 1]
    values, times = np.unique(marks, return_counts=True)
    heavy = values if values.size == 1 else values[times > 1]
    below = np.nextafter(heavy, -np.inf)
    cuts = np.unique(np.concatenate([values, below]))
    edges = [f"{(np.nextafter(cut, np.inf) if cut in below else cut) + 0.0:.6g}" for cut in cuts]
    middle = [low if low == high else f"{low} to {high}" for low, high in pairwise(edges)]
    first = "below" if cuts[0] in below else "up to"
    labels = [f"{first} {edges[0]}", *middle, f"above {edges[-1]}"]
    return labels, _between(cuts, now), _between(cuts, before)


def bin_levels(now: Mapping[Any, int], before: Mapping[Any, int]) -> tuple[list[str], Floats, Floats]:
    """The same for counted texts: the 100 most frequent ones before, and all the others together."""
    levels = sorted(before, key=lambda level: (-before[level], str(level)))[:SHOWN_LEVELS]
    counts = [_with_others(sample, levels) for sample in (now, before)]
    return [*map(str, levels), OTHERS], *counts  # type: ignore[return-value] # there are two of them


def _between(cuts: Floats, ordered: Floats) -> Floats:
    """How many of the ordered values are up to the first cut, up to the next one, ..., and after the last."""
    return np.diff(np.searchsorted(ordered, cuts, side="right"), prepend=0, append=ordered.size).astype(np.float64)


def _with_others(sample: Mapping[Any, int], levels: list[Any]) -> Floats:
    known = [sample.get(level, 0) for level in levels]
    return np.array([*known, sum(sample.values()) - sum(known)], dtype=np.float64)


def _relative_entropy(shares: Floats, others: Floats) -> float:
    held = shares > 0
    return float((shares[held] * np.log2(shares[held] / others[held])).sum())
