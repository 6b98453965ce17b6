"""The facts of a profile as numbers that can be predicted: which family each belongs to, and on which scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trivium.values.alerts import Relation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Key = tuple[str, str]

SHARE, PLACE, EDGE, COUNT, NOVEL, RELATION = "share", "place", "edge", "count", "novel", "relation"
PLACES = frozenset({"q05", "q25", "median", "q75", "q95", "mean", "sd", "length_mean"})
EDGES = frozenset({"minimum", "maximum", "q01", "q99", "length_minimum", "length_maximum"})
COUNTS = frozenset({"distinct", "longest_run", "log_rows"})
NOVELTIES = frozenset({"never_seen", "new_shape", "drift", "copied", "stale", "stale_stretch"})
RELATIONS = frozenset({"undetermined", "rank_correlation", "null_mismatch"})
UNPREDICTABLE = frozenset(
    {"fingerprint", "minimum", "maximum", "length_minimum", "length_maximum"}
)  # one row moves them
ONLY_MORE = NOVELTIES | {"undetermined", "null_mismatch"}
ONLY_LESS = frozenset({"serial_1", "serial_3"})
SORTING = frozenset({"below_before", "above_before"})
GRAIN = frozenset({"multiple_of_5", "multiple_of_10", "multiple_of_100", "fraction_rate"})
LEVEL = "share_of:"
JOINT = "\x1f"
QUANTILES = ("q05", "q25", "median", "q75", "q95")


def family_of(fact: str) -> str:
    """What a fact is: a share, a place on the axis, an edge, a count, a novelty, or a relation of columns."""
    if fact in PLACES:
        return PLACE
    if fact in EDGES:
        return EDGE
    if fact in COUNTS:
        return COUNT
    if fact in RELATIONS:
        return RELATION
    return NOVEL if fact in NOVELTIES else SHARE


def relation_key(relation: Relation) -> Key:
    """Where a relation stands among the facts: its columns as one name."""
    return JOINT.join(relation.columns), relation.kind


def columns_of_key(key: Key) -> tuple[str, ...]:
    """The columns that a fact is about; ("",) for the rows as a whole."""
    return tuple(key[0].split(JOINT))


def is_logarithmic(fact: str) -> bool:
    """Whether the fact is only compared on the signed logarithmic scale: counts."""
    return fact in COUNTS and fact != "log_rows"


def has_two_scales(fact: str) -> bool:
    """Whether the fact is compared on the linear or on the logarithmic scale, whichever served its column better."""
    return family_of(fact) in (PLACE, EDGE)


def to_log(values: Floats, units: Floats) -> Floats:
    """sign(x) u log(1 + |x| / u), element by element: about x up to the unit u, logarithmic far beyond it."""
    return np.copysign(units * np.log1p(np.abs(values) / units), values)
