"""Facts that need a memory: values that were never seen, a mix of values that drifts, a column copied from the past."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Self

from trivium.checks.facts import LEVEL, Key, relation_key
from trivium.checks.numbers import QUANTILES, has_few_levels
from trivium.checks.sketch import find_staleness
from trivium.values.alerts import ColumnProfile, Profile

REMEMBERED = 5_000
DECAY = 0.15
TELLING = 100.0
RECENT = 28
LEAST_LEVEL = 0.05
FORMS = 500


class Memory:
    """What past partitions held: each column's values, their usual shares, and its forms; and by partition its
    fingerprints, and the sketches of the last 28."""

    def __init__(
        self,
        seen: dict[str, frozenset[str]] | None = None,
        usual: dict[str, dict[str, float]] | None = None,
        prints: dict[str, dict[float, str]] | None = None,
        shapes: dict[str, frozenset[str]] | None = None,
        sketches: dict[str, dict[str, bytes]] | None = None,
    ) -> None:
        self.seen = seen or {}
        self.usual = usual or {}
        self.prints = prints or {}
        self.shapes = shapes or {}
        self.sketches = sketches or {}

    def facts_of(self, profile: Profile) -> dict[Key, float]:
        """The profile's own facts by (column, fact), with those that this memory adds."""
        facts = {("", name): value for name, value in profile.facts.items()}
        facts |= {relation_key(each.relation): each.value for each in profile.relations}
        for column in profile.columns:
            facts |= {(column.name, name): value for name, value in comparable_facts(column, profile.rows)}
            facts |= {(column.name, name): value for name, value in self._remembered(column, profile)}
        return facts

    def _remembered(self, column: ColumnProfile, profile: Profile) -> Iterator[tuple[str, float]]:
        name = column.name
        if name in self.seen and column.top:
            yield "never_seen", self.never_seen(column)
            yield "drift", self.drift(column)
            for level, usual in self.usual[name].items():
                if usual >= LEAST_LEVEL:
                    yield LEVEL + level, column.top.get(level, 0.0)
        if name in self.shapes and column.shapes:
            yield "new_shape", sum(share for form, share in column.shapes.items() if form not in self.shapes[name])
        if column.sketch and name in self.sketches:
            others = [sketch for partition, sketch in self.sketches[name].items() if partition != profile.partition]
            stale = find_staleness(column.sketch, others)
            yield from (("stale", stale.whole), ("stale_stretch", stale.stretch))
        if name in self.prints and is_telling(column, profile.rows):
            source = self.prints[name].get(column.facts["fingerprint"], profile.partition)
            yield "copied", float(source != profile.partition)

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
        shapes, sketches = dict(self.shapes), dict(self.sketches)
        for column in profile.columns:
            name = column.name
            if column.top:
                seen[name] = remember(seen.get(name), column.top, REMEMBERED)
                usual[name] = blended(usual.get(name), column.top)
            if column.shapes:
                shapes[name] = remember(shapes.get(name), column.shapes, FORMS)
            if column.sketch:
                newest = sketches.get(name, {}) | {profile.partition: column.sketch}
                sketches[name] = dict(list(newest.items())[-RECENT:])
            if "fingerprint" in column.facts:
                prints[name] = {column.facts["fingerprint"]: profile.partition} | prints.get(name, {})
        return type(self)(seen, usual, prints, shapes, sketches)


def remember(known: frozenset[str] | None, found: Collection[str], most: int) -> frozenset[str]:
    """What was known and what is found now, unless more than enough is known."""
    if known is None:
        return frozenset(found)
    return known if len(known) >= most or known.issuperset(found) else known.union(found)


def comparable_facts(column: ColumnProfile, rows: int) -> Iterator[tuple[str, float]]:
    """A column's own facts that can be foretold: without quantiles where they jump between a few levels."""
    present = rows * (1 - column.facts.get("null_rate", 0.0))
    jumping = QUANTILES if has_few_levels(column.facts.get("distinct", math.inf), present) else ()
    return ((name, value) for name, value in column.facts.items() if name not in jumping)


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
