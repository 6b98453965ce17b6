"""The facts of a profile as numbers that can be predicted: which family each belongs to, and on which scale."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[str, str]

SHARE, PLACE, EDGE, COUNT, NOVEL = "share", "place", "edge", "count", "novel"
FAMILIES = (SHARE, PLACE, EDGE, COUNT, NOVEL)
PLACES = frozenset({"q05", "q25", "median", "q75", "q95", "mean", "sd", "length_mean"})
EDGES = frozenset({"minimum", "maximum", "q01", "q99", "length_minimum", "length_maximum"})
COUNTS = frozenset({"distinct", "longest_run", "log_rows"})
NOVELTIES = frozenset({"never_seen", "drift", "copied"})
UNPREDICTABLE = frozenset({"fingerprint"})
QUANTILES = ("q05", "q25", "median", "q75", "q95")


def family_of(fact: str) -> str:
    """The family that a fact's threshold is learned with: shares of rows, places on the axis, edges, counts, novelty."""
    if fact in PLACES:
        return PLACE
    if fact in EDGES:
        return EDGE
    if fact in COUNTS:
        return COUNT
    return NOVEL if fact in NOVELTIES else SHARE


def is_logarithmic(fact: str) -> bool:
    """Whether residuals of the fact are compared on the signed logarithmic scale: everything that is not a share."""
    return fact != "log_rows" and family_of(fact) in (PLACE, EDGE, COUNT)


def to_scale(fact: str, value: float) -> float:
    """The value on the scale of its residuals: sign(x) log(1 + |x|) for places, edges and counts."""
    return math.copysign(math.log1p(abs(value)), value) if is_logarithmic(fact) else value


def from_scale(fact: str, value: float) -> float:
    """The inverse of `to_scale`, finite for every finite value."""
    return math.copysign(math.expm1(min(abs(value), 700.0)), value) if is_logarithmic(fact) else value
