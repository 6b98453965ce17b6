"""The facts of a profile as numbers that can be predicted: which family each belongs to, and on which scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
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
    """The family that a fact's threshold is learned with: shares, places on the axis, edges, counts, novelty."""
    if fact in PLACES:
        return PLACE
    if fact in EDGES:
        return EDGE
    if fact in COUNTS:
        return COUNT
    return NOVEL if fact in NOVELTIES else SHARE


def is_logarithmic(fact: str) -> bool:
    """Whether the fact is only compared on the signed logarithmic scale: counts."""
    return fact in COUNTS and fact != "log_rows"


def has_two_scales(fact: str) -> bool:
    """Whether the fact is compared on the linear or on the logarithmic scale, whichever served its column better."""
    return family_of(fact) in (PLACE, EDGE)


def to_log(values: Floats) -> Floats:
    """sign(x) log(1 + |x|), element by element."""
    return np.copysign(np.log1p(np.abs(values)), values)


def from_log(values: Floats) -> Floats:
    """The inverse of `to_log`, finite for every finite value."""
    return np.copysign(np.expm1(np.minimum(np.abs(values), 700.0)), values)
