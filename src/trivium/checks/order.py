"""How the values of a column follow each other along the rows."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FINGERPRINT = 2**52
FEWEST = 10
LEAST_LEVELS = 4
LAGS = {"serial_1": 1, "serial_3": 3}


def describe_runs(values: Floats) -> dict[str, float]:
    """The share of rows equal to the row before, and the longest run of one value. values: (n,), n >= 2."""
    same = values[1:] == values[:-1]
    breaks = np.flatnonzero(~same)
    runs = np.diff(np.concatenate(([-1], breaks, [values.size - 1])))
    return {"repeat_rate": float(np.count_nonzero(same) / same.size), "longest_run": float(runs.max())}


def describe_sorting(values: Floats) -> dict[str, float]:
    """The shares of rows below the greatest and above the least value so far: 0 where rows are in order.

    values: (n,) finite floats. Values that moved in time or between rows stand out where the rest is sorted.
    """
    if values.size < FEWEST:
        return {}
    return {
        "below_before": float(np.count_nonzero(values < np.maximum.accumulate(values)) / values.size),
        "above_before": float(np.count_nonzero(values > np.minimum.accumulate(values)) / values.size),
    }


def describe_smoothness(ranks: Floats, distinct: int) -> dict[str, float]:
    """How alike rows are that follow each other, and every third one, from the ranks: 1 is smooth, 0 is chance.

    ranks: (n,) dense ones, equal for equal values. distinct: how many different ones there are.

    One minus half the ratio of von Neumann, "Distribution of the ratio of the mean square successive difference to the
    variance", Annals of Mathematical Statistics 12 (1941), taken from ranks as Bartels did, Journal of the American
    Statistical Association 77 (1982).
    """
    if ranks.size < FEWEST or distinct < LEAST_LEVELS:
        return {}
    apart = ranks - ranks.mean()
    spread = float((apart * apart).mean())
    return {name: 1 - 0.5 * float(((apart[lag:] - apart[:-lag]) ** 2).mean()) / spread for name, lag in LAGS.items()}


def fingerprint(data: bytes) -> float:
    """A whole number below 2**52 that equal bytes share (CRC-32 of the bytes and of every third byte)."""
    return float((crc32(data) << 20 | crc32(data[::3]) & 0xFFFFF) % FINGERPRINT)
