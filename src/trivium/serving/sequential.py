"""Looking every day without fooling oneself: bounds that hold however often one looks."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from msgspec import Struct

from trivium.values.models import Metric

ALPHA = 0.05
FAVOURED = 10
Z95 = NormalDist().inv_cdf(0.975)


class MeanInterval(Struct, frozen=True):
    """The mean of `count` values, and bounds that hold at all times together with the asked confidence."""

    count: int
    mean: float
    low: float
    high: float


def confidence_sequence(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], *, alpha: float = ALPHA, favoured: int = FAVOURED
) -> MeanInterval:
    """Bounds on the mean of independent values, (n,) floats, valid however often one looks while n grows.

    The asymptotic confidence sequence from Robbins' normal mixture: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas,
    "Time-uniform central limit theory and asymptotic confidence sequences" (2021), section 2; rho is chosen so that the
    bounds are narrowest near `favoured` values. alpha: chance (0 to 1) of ever missing the true mean.
    """
    count = int(values.size)
    if count < 2:
        return MeanInterval(count, float(values.mean()) if count else 0.0, -math.inf, math.inf)
    spread, mean = float(values.std(ddof=1)), float(values.mean())
    log_alpha = -2 * math.log(alpha)
    rho_squared = (log_alpha + math.log(log_alpha) + 1) / favoured
    scaled = count * rho_squared + 1
    half = spread * math.sqrt(2 * scaled / (count**2 * rho_squared) * math.log(math.sqrt(scaled) / alpha))
    return MeanInterval(count, mean, mean - half, mean + half)


def widen_for_look(found: Metric, look: int, *, alpha: float = ALPHA) -> Metric:
    """A 95 % interval at the level of the `look`-th look (1, 2, ...): alpha / (look (look + 1)), which sums to alpha.

    Spending alpha over looks keeps the chance of ever being wrong at alpha (Bonferroni over all looks together).
    """
    if found.low is None or found.high is None:
        return found
    wider = NormalDist().inv_cdf(1 - alpha / (look * (look + 1)) / 2) / Z95
    low = found.value - (found.value - found.low) * wider
    high = found.value + (found.high - found.value) * wider
    return Metric(found.name, found.value, found.rows, found.slice, low, high)
