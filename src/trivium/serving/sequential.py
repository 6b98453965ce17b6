"""A test that may be looked at every day: a confidence sequence for the mean of paired differences."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

FAVOURED_ROWS = 1000


class MeanInterval(Struct, frozen=True):
    """The mean of what was seen, and bounds that hold at all times together with the asked confidence."""

    rows: int
    mean: float
    low: float
    high: float


def confidence_sequence(
    differences: np.ndarray[tuple[int], np.dtype[np.float64]], *, alpha: float = 0.05
) -> MeanInterval:
    """Bounds on the mean of independent differences, (n,) floats, valid however often one looks.

    The asymptotic confidence sequence from Robbins' normal mixture: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas,
    "Time-uniform central limit theory and asymptotic confidence sequences" (2021), section 2, with the mixture tuned to
    be narrowest near 1,000 rows (section on choosing rho). alpha: chance (0 to 1) of ever missing the true mean.
    """
    rows = int(differences.size)
    if rows < 2:
        return MeanInterval(rows, float(differences.mean()) if rows else 0.0, -math.inf, math.inf)
    spread = float(differences.std(ddof=1))
    log_alpha = -2 * math.log(alpha)
    rho_squared = (log_alpha + math.log(log_alpha) + 1) / FAVOURED_ROWS
    scaled = rows * rho_squared + 1
    half = spread * math.sqrt(2 * scaled / (rows**2 * rho_squared) * math.log(math.sqrt(scaled) / alpha))
    mean = float(differences.mean())
    return MeanInterval(rows, mean, mean - half, mean + half)
