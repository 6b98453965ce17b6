"""How surprising is too surprising: an exponential tail on past maxima, extrapolated to an alarm budget."""

from __future__ import annotations

import math

import numpy as np

from trivium.checks.facts import Floats

TAIL_SHARE = 0.2
FEWEST = 5


def tail_threshold(maxima: Floats, rate: float) -> float:
    """The level that the next maximum passes with probability `rate`.

    maxima: (n,) past maxima, one for each partition. rate: in (0, 1), usually far below 1 / n.

    The excesses over the 80th percentile are taken as exponential: the generalised Pareto tail of Pickands,
    "Statistical inference using extreme order statistics", Annals of Statistics 3 (1975), with shape 0, and the
    "exponential tail" quantile estimator of Breiman, Stone and Kooperberg, "Robust confidence bounds for extreme upper
    quantiles", Journal of Statistical Computation and Simulation 37 (1990), section 2. Infinity without history.
    """
    known = np.sort(maxima[np.isfinite(maxima)])
    count = max(FEWEST, round(TAIL_SHARE * known.size))
    if known.size <= count:
        return math.inf
    start = known[-count - 1]
    mean_excess = float((known[-count:] - start).mean())
    return float(start + mean_excess * math.log(count / (known.size * rate)))
