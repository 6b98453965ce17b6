"""Facts that need a memory: values that were never seen, a mix of values that drifts, a column copied from the past."""

from __future__ import annotations

import math
from typing import Self

from trivium.checks.facts import Key
from trivium.values.alerts import ColumnProfile, Profile

REMEMBERED = 5_000
DECAY = 0.15
TELLING = 100.0


class Memory:
    """What past partitions held: each column's values, their usual shares, and its fingerprints."""

    def __init__(
        self,
        seen: dict[str, frozenset[str]] | None = None,
        usual: dict[str, dict[str, float]] | None = None,
        prints: dict[str, frozenset[float]] | None = None,
    ) -> None:
        self.seen = seen or {}
        self.usual = usual or {}
        self.prints = prints or {}

    def facts_of(self, profile: Profile) -> dict[Key, float]:
        """The profile's own facts by (column, fact), with those that this memory adds."""
        facts = {("", name): value for name, value in profile.facts.items()}
        for column in profile.columns:
            facts |= {(column.name, name): value for name, value in column.facts.items()}
            if column.name in self.seen and column.top:
                facts[column.name, "never_seen"] = self.never_seen(column)
                facts[column.name, "drift"] = self.drift(column)
            if column.name in self.prints and is_telling(column, profile.rows):
                facts[column.name, "copied"] = float(column.facts["fingerprint"] in self.prints[column.name])
        return facts

    def never_seen(self, column: ColumnProfile) -> float:
        """The share of rows whose value, among the 50 most frequent ones, was never among those before."""
        seen = self.seen[column.name]
        return sum(share for value, share in column.top.items() if value not in seen)

    def drift(self, column: ColumnProfile) -> float:
        """Total variation distance between the shares of the values and their usual shares, in [0, 1]."""
        usual = self.usual[column.name]
        return 0.5 * sum(abs(column.top.get(value, 0.0) - usual.get(value, 0.0)) for value in {*usual, *column.top})

    def extended(self, profile: Profile) -> Self:
        """The memory with one more partition in it."""
        seen, usual, prints = dict(self.seen), dict(self.usual), dict(self.prints)
        for column in profile.columns:
            known = seen.get(column.name, frozenset())
            if column.top and len(known) < REMEMBERED:
                seen[column.name] = known if known.issuperset(column.top) else known.union(column.top)
            if column.top:
                usual[column.name] = blended(usual.get(column.name), column.top)
            if "fingerprint" in column.facts:
                prints[column.name] = prints.get(column.name, frozenset()) | {column.facts["fingerprint"]}
        return type(self)(seen, usual, prints)


def is_telling(column: ColumnProfile, rows: int) -> bool:
    """Whether an equal fingerprint cannot be chance: the rows hold over 100 nats, counting only those that change."""
    facts = column.facts
    changes = rows * (1 - facts.get("null_rate", 0.0)) * (1 - facts.get("repeat_rate", 1.0))
    return "fingerprint" in facts and changes * math.log(max(facts.get("distinct", 1.0), 1.0)) > TELLING


def blended(usual: dict[str, float] | None, shares: dict[str, float]) -> dict[str, float]:
    """Exponentially weighted shares (Brown, "Smoothing, forecasting and prediction", 1963, chapter 7), weight 0.15."""
    if usual is None:
        return dict(shares)
    mixed = {
        value: (1 - DECAY) * usual.get(value, 0.0) + DECAY * shares.get(value, 0.0) for value in {**usual, **shares}
    }
    return {value: share for value, share in mixed.items() if share > 1e-4}
