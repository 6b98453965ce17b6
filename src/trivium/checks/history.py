"""What is known of a table's past: every fact of every partition, and how well it was predicted each time."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Self

import numpy as np
import polars as pl

from trivium.checks.facts import UNPREDICTABLE, Floats, Key
from trivium.checks.layout import Layout, usual_units
from trivium.checks.novelty import Memory
from trivium.checks.predictors import MONTH, PREDICTORS, phase_of, predict
from trivium.checks.relations import MOST_RELATIONS, find_relations
from trivium.checks.residuals import Residuals
from trivium.checks.schema import known_types
from trivium.values.alerts import Profile, Relation

REMEASURED = 14
SEARCHED = (3, 7, 14, 30, 60, 150, 300)  # partitions at which relations between columns are looked for
SMALLEST, LARGEST = 1e-140, 1e140  # other facts would under- or overflow when they are compared


class History:
    """Published partitions, oldest first, ready to judge the next one. `extended` leaves it as it was.

    Learning a profile costs about a millisecond, so a caller that judges often keeps its History and extends it.
    `partitions`: their names. `keys`: (column, fact) of each position of the vectors; the column of facts about the
    whole is "", that of a relation its columns. `values`: (facts,), one vector for each partition, NaN for what was not
    there. `shifts`: (facts,), value minus the week's median. `residuals`: how well each predictor did. `rows`: how many
    rows each had. `relations`: those that were measured, and how many partitions were known then.
    """

    def __init__(self) -> None:
        self.partitions: tuple[str, ...] = ()
        self.keys: dict[Key, int] = {}
        self.layout = Layout.of([])
        self.values: tuple[Floats, ...] = ()
        self.shifts: tuple[Floats, ...] = ()
        self.residuals = Residuals.none(len(PREDICTORS))
        self.phases: tuple[int | None, ...] = ()
        self.rows: tuple[int, ...] = ()
        self.units = np.ones(0)
        self.types: dict[str, str] = {}
        self.relations: dict[Relation, int] = {}
        self.memory = Memory()
        self._foretold: tuple[tuple[int | None, int], Floats] | None = None  # asked to judge, and again to learn

    @classmethod
    def of_profiles(cls, profiles: Iterable[Profile]) -> Self:
        """The history that these partitions make, in their order."""
        history = cls()
        for profile in profiles:
            history = history.extended(profile)
        return history

    def __len__(self) -> int:
        return len(self.partitions)

    @property
    def newest(self) -> str:
        """Name of the newest partition, "" without one."""
        return max(self.partitions, default="")

    def relations_to_measure(self, rows: pl.DataFrame) -> tuple[Relation, ...]:
        """The relations between columns that the next partition is to be measured by: those of the last two weeks of
        partitions; now and then also those that are found in its rows."""
        known = [relation for relation, seen in self.relations.items() if seen >= len(self) - REMEASURED]
        if len(self) + 1 not in SEARCHED and (len(self) + 1) % SEARCHED[-1]:
            return tuple(known)
        return tuple(dict.fromkeys([*known, *find_relations(rows)]))[:MOST_RELATIONS]

    def extended(self, profile: Profile) -> Self:
        """The history with one more partition; an older one of the same name no longer counts.

        A profile without rows tells that the partition is gone.
        """
        history = self.without(profile.partition)
        if not profile.rows:
            return history
        if history is self:
            history = copy.copy(self)
        vector, keys = history.vector_of(profile)
        history.relations = history.relations | dict.fromkeys((each.relation for each in profile.relations), len(self))
        history.types = known_types(profile, history.types)
        history.memory = history.memory.extended(profile)
        history.keys = keys
        if len(keys) != history.layout.size:
            history.layout = Layout.of(list(keys))
            history.units = np.concatenate([self.units, usual_units(history.layout, vector)[self.units.size :]])
        history._learn(profile.partition, vector, profile.rows)
        return history

    def without(self, partition: str) -> Self:
        """The history without a partition; itself when it does not know it."""
        if partition not in self.partitions:
            return self
        history = copy.copy(self)
        history.partitions, history.values, history.shifts, history.phases, history.rows = (), (), (), (), ()
        history.residuals = Residuals.none(len(PREDICTORS))
        for name, vector, rows in zip(self.partitions, self.values, self.rows, strict=True):
            if name != partition:
                history._learn(name, vector, rows)
        return history

    def predictions(self, phase: int | None, width: int) -> Floats:
        """Every predictor's value for the next partition, (predictors, width); NaN where nothing is known."""
        asked = phase, width
        if self._foretold is None or self._foretold[0] != asked:
            self._foretold = asked, self._predict(phase, width)
        return self._foretold[1]

    def _predict(self, phase: int | None, width: int) -> Floats:
        found = np.full((len(PREDICTORS), width), np.nan)
        if self.values:
            known = predict(self.values, self.shifts, self.phases, phase)
            found[:, : known.shape[1]] = known
        found.flags.writeable = False
        return found

    def known_lately(self, width: int) -> Floats:
        """The share of the last 28 partitions that had each fact, (width,)."""
        known = np.zeros(width)
        for vector in self.values[-MONTH:]:
            known[: vector.size] += np.isfinite(vector)
        return known / max(len(self.values[-MONTH:]), 1)

    def vector_of(self, profile: Profile) -> tuple[Floats, dict[Key, int]]:
        """The profile's facts as a vector, and the keys of its positions: the known ones, then new ones."""
        facts = self.memory.facts_of(profile)
        keys = self.keys
        fresh = [key for key in facts if key not in keys and key[1] not in UNPREDICTABLE]
        if fresh:
            keys = {**keys, **{key: len(keys) + i for i, key in enumerate(fresh)}}
        vector = np.full(len(keys), math.nan)
        for key, value in facts.items():
            if key in keys:
                vector[keys[key]] = 0.0 if abs(value) < SMALLEST else min(max(value, -LARGEST), LARGEST)
        return vector, keys

    def _learn(self, partition: str, vector: Floats, rows: int) -> None:
        phase = phase_of(partition)
        predicted = self.predictions(phase, vector.size)
        self.residuals = self.residuals.extended(vector, predicted, self.units[: vector.size])
        self.shifts = (*self.shifts, vector - predicted[PREDICTORS.index("week")])
        self.values = (*self.values, vector)
        self.partitions = (*self.partitions, partition)
        self.phases = (*self.phases, phase)
        self.rows = (*self.rows, rows)
        self._foretold = None
