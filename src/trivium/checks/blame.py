"""Which column is to blame when columns no longer hang together as they did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np

from trivium.checks.explanation import Explanation, band
from trivium.checks.facts import RELATIONS, columns_of_key
from trivium.checks.surprise import Surprises
from trivium.checks.wording import RELATED, show, show_band
from trivium.values.alerts import Profile

STRONGEST = 3.0
HINT = 0.3
WEIGHT_OF_HINTS = 0.5
WEIGHT_OF_OWN = 2.0
WEIGHT_OF_NULLS = 4.0


def blame_columns(surprises: Surprises, known: Collection[str]) -> dict[str, int]:
    """The fewest columns that explain every broken relation, with the position of the relation that tells it best.

    known: columns that are to blame already; what they are part of needs no other. The rest is covered greedily
    (Chvátal, "A greedy heuristic for the set-covering problem", Mathematics of Operations Research 4, 1979): first the
    column whose relations are broken most, by how many of them still hold; hints count too, relations and facts that
    nearly alarm.
    """
    related = [at for at, (_, fact) in enumerate(surprises.keys) if fact in RELATIONS]
    broken = {
        at: frozenset(columns_of_key(surprises.keys[at]))
        for at in related
        if surprises.scores[at] >= 1.0 and not {*columns_of_key(surprises.keys[at])} & {*known}
    }
    hints = _hints(surprises, related) if broken else Counter[str]()
    whole = _unbroken(surprises, related)
    blamed: dict[str, int] = {}
    while broken:
        weights: Counter[str] = Counter()
        for at, columns in broken.items():
            weights.update(dict.fromkeys(columns, min(float(surprises.scores[at]), STRONGEST)))
        parts = Counter(name for columns in broken.values() for name in columns)
        rated = {
            name: weights[name] * parts[name] / (parts[name] + whole[name]) + WEIGHT_OF_HINTS * hints[name]
            for name in sorted(weights)
        }
        worst = max(rated, key=rated.__getitem__)
        blamed[worst] = max(
            (at for at, columns in broken.items() if worst in columns), key=surprises.scores.__getitem__
        )
        broken = {at: columns for at, columns in broken.items() if worst not in columns}
    return blamed


def explain_relation(column: str, surprises: Surprises, profile: Profile, at: int) -> Explanation:
    """What a column no longer has in common with others."""
    kind = surprises.keys[at][1]
    columns = columns_of_key(surprises.keys[at])
    others = " and ".join(f"`{name}`" for name in columns if name != column)
    observed, expected, surprise = (
        float(each[at]) for each in (surprises.values, surprises.expected, surprises.scores)
    )
    low, high = band(kind, at, surprises)
    bounds = show_band(kind, low, high)
    moved = min(abs(observed - expected), 1.0)
    share = 0.0 if kind == "rank_correlation" else moved
    lost = f"; {show('null_rate', share)} of rows" if share >= 0.01 else ""
    return Explanation(
        column=column,
        facts=(kind,),
        surprise=surprise,
        rows_share=share,
        observed=observed,
        expected=bounds,
        message=f"`{column}`: {RELATED[kind].format(others)} {show(kind, observed)}, expected {bounds}{lost}",
        looks_like=None,
        moved={kind: moved},
        evidence={
            "fact": kind,
            "columns": list(columns),
            "low": low,
            "high": high,
            "expected": expected,
            "observed": observed,
            "rows_share": round(share, 4),
            "cause": None,
            "facts": {kind: round(surprise, 3)},
        },
    )


def _unbroken(surprises: Surprises, related: Collection[int]) -> Counter[str]:
    """How many relations of each column hold as ever, of those that a few rows would break."""
    holding: Counter[str] = Counter()
    for at in related:
        if surprises.keys[at][1] == "undetermined" and surprises.scores[at] < HINT:
            holding.update(dict.fromkeys(columns_of_key(surprises.keys[at]), 1))
    return holding


def _hints(surprises: Surprises, related: Collection[int]) -> Counter[str]:
    """What else speaks against a column: relations and facts that nearly alarm, its own nulls where nulls disagree."""
    scores = np.minimum(np.nan_to_num(surprises.scores), 1.0)
    hints: Counter[str] = Counter()
    own: dict[str, float] = {}
    for at, key in enumerate(surprises.keys):
        if key[1] not in RELATIONS:
            own[key[0]] = max(own.get(key[0], 0.0), float(scores[at]))
    apart = {
        name
        for at in related
        if surprises.keys[at][1] == "null_mismatch" and scores[at] >= 1.0
        for name in columns_of_key(surprises.keys[at])
    }
    for at in related:
        if scores[at] >= HINT:
            hints.update(dict.fromkeys(columns_of_key(surprises.keys[at]), float(scores[at])))
    hints.update({name: WEIGHT_OF_OWN * score for name, score in own.items()})
    for at, (column, fact) in enumerate(surprises.keys):
        if fact == "null_rate" and column in apart:
            hints.update({column: WEIGHT_OF_NULLS * float(scores[at])})
    return hints
