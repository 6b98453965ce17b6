"""What is known of a table's past: every fact of every partition, and how well it was predicted each time."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Self

import numpy as np

from trivium.checks.facts import UNPREDICTABLE, Floats, Key
from trivium.checks.novelty import Memory
from trivium.checks.predictors import PREDICTORS, phase_of, predict
from trivium.checks.schema import known_types
from trivium.values.alerts import Profile

SMALLEST, LARGEST = 1e-140, 1e140  # other facts would under- or overflow when they are compared


class History:
    """Published partitions, oldest first, ready to judge the next one. `extended` leaves it as it was.

    Learning a profile costs about a millisecond, so a caller that judges often keeps its History and extends it.
    `partitions`: their names. `keys`: (column, fact) of each position of the vectors; the column of facts about the
    whole is "". `values`: (facts,), one vector for each partition, NaN for what was not there. `residuals`:
    (predictors, facts), value minus prediction. `rows`: how many rows each had.
    """

    def __init__(self) -> None:
        self.partitions: tuple[str, ...] = ()
        self.keys: dict[Key, int] = {}
        self.values: tuple[Floats, ...] = ()
        self.residuals: tuple[Floats, ...] = ()
        self.phases: tuple[int | None, ...] = ()
        self.rows: tuple[int, ...] = ()
        self.types: dict[str, str] = {}
        self.memory = Memory()

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
        phase = phase_of(profile.partition)
        history.residuals = (*history.residuals, vector - history.predictions(phase, vector.size))
        history.keys = keys
        history.values = (*history.values, vector)
        history.partitions = (*history.partitions, profile.partition)
        history.phases = (*history.phases, phase)
        history.rows = (*history.rows, profile.rows)
        history.types = known_types(profile, history.types)
        history.memory = history.memory.extended(profile)
        return history

    def without(self, partition: str) -> Self:
        """The history without a partition; itself when it does not know it."""
        if partition not in self.partitions:
            return self
        history = copy.copy(self)
        kept = [i for i, name in enumerate(self.partitions) if name != partition]
        history.partitions = tuple(self.partitions[i] for i in kept)
        history.values = tuple(self.values[i] for i in kept)
        history.residuals = tuple(self.residuals[i] for i in kept)
        history.phases = tuple(self.phases[i] for i in kept)
        history.rows = tuple(self.rows[i] for i in kept)
        return history

    def predictions(self, phase: int | None, width: int) -> Floats:
        """Every predictor's value for the next partition, (predictors, width); NaN where nothing is known."""
        found = np.full((len(PREDICTORS), width), np.nan)
        if self.values:
            known = predict(self.values, self.residuals, self.phases, phase)
            found[:, : known.shape[1]] = known
        return found

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
