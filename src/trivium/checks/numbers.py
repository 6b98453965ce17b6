"""Scalars of a numeric column."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}
GRAINS = (5, 10, 100)
FINGERPRINT = 2**52


def describe_numbers(values: Floats) -> dict[str, float]:
    """Rates, quantiles, moments, grain, repetition. values: (n,) floats, n >= 1; NaN and infinities only count."""
    finite = values[np.isfinite(values)]
    facts = {
        "nan_rate": float(np.isnan(values).mean()),
        "infinite_rate": float(np.isinf(values).mean()),
        **describe_order(values),
    }
    return facts | describe_finite(finite) if finite.size else facts


def describe_finite(values: Floats) -> dict[str, float]:
    """Where the values lie and how they spread. values: (n,) finite floats, n >= 1."""
    ordered = np.sort(values)
    count = ordered.size
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    runs = np.diff(np.append(starts, count))
    facts = {name: float(ordered[round(q * (count - 1))]) for name, q in QUANTILES.items()}
    return facts | {
        "minimum": float(ordered[0]),
        "maximum": float(ordered[-1]),
        "mean": float(np.clip(values, -1e150, 1e150).mean()),
        "sd": float(np.clip(values, -1e150, 1e150).std()),
        "distinct": float(starts.size),
        "top_share": float(runs.max() / count),
        "minimum_share": float(runs[0] / count),
        "maximum_share": float(runs[-1] / count),
        "zero_rate": float((values == 0).mean()),
        "negative_rate": float((ordered < 0).mean()),
        **describe_grain(values),
    }


def describe_grain(values: Floats) -> dict[str, float]:
    """How round the values are: the share that is not whole, and the shares of multiples of 5, 10 and 100."""
    whole = np.mod(values, 1) == 0
    rates = {f"multiple_of_{grain}": float((np.mod(values, grain) == 0).mean()) for grain in GRAINS}
    return {"fraction_rate": 1 - float(whole.mean()), **rates}


def describe_order(values: Floats) -> dict[str, float]:
    """The share of rows equal to the row before, the longest run, and a fingerprint of all values in their order.

    The fingerprint is a whole number below 2**52; equal columns have equal ones, and others differ almost surely.
    """
    if values.size < 2:
        return {}
    same = values[1:] == values[:-1]
    breaks = np.flatnonzero(~same)
    runs = np.diff(np.concatenate(([-1], breaks, [values.size - 1])))
    return {
        "repeat_rate": float(same.mean()),
        "longest_run": float(runs.max()),
        "fingerprint": fingerprint(values.tobytes()),
    }


def fingerprint(data: bytes) -> float:
    """A whole number below 2**52 that equal bytes share (CRC-32 of the bytes and of every third byte)."""
    return float((crc32(data) << 20 | crc32(data[::3]) & 0xFFFFF) % FINGERPRINT)
