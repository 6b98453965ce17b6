from __future__ import annotations

import msgspec
import numpy as np
import pytest

from trivium.checks.history import History
from trivium.checks.kept_histories import KeptHistories
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.values.alerts import Profile


@pytest.fixture(scope="module")
def profiles(days: list[Partition]) -> list[Profile]:
    return [profile_partition("rides", day) for day in days]


def same(one: History, two: History) -> bool:
    return one.partitions == two.partitions and all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(one.values, two.values, strict=True)
    )


class Versions:
    """A table's profiles, one a version, that counts what is read of them."""

    def __init__(self, profiles: list[Profile]) -> None:
        self.profiles = profiles
        self.read: list[int] = []

    def after(self, version: int) -> list[Profile]:
        """Profiles of the versions after this one."""
        self.read.append(version)
        return self.profiles[version:]


def test_what_is_kept_is_what_the_profiles_make(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    for known in (10, 11, 11, 20):
        history = kept.up_to("rides", known, Versions(profiles[:known]).after)
        assert same(history, History.of_profiles(profiles[:known]))


def test_only_new_versions_are_read(profiles: list[Profile]) -> None:
    kept, versions = KeptHistories(), Versions(profiles[:12])
    for known in (10, 10, 12):
        kept.up_to("rides", known, versions.after)
    assert versions.read == [0, 10]


def test_a_repaired_partition_replaces_the_broken_one(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.up_to("rides", 10, Versions(profiles[:10]).after)
    again = msgspec.structs.replace(profiles[30], partition=profiles[9].partition)
    repaired = kept.up_to("rides", 11, Versions([*profiles[:10], again]).after)
    assert repaired.partitions == tuple(profile.partition for profile in profiles[:10])
    assert repaired.rows[-1] == again.rows


def test_an_older_version_is_learned_anew(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.up_to("rides", 10, Versions(profiles[:10]).after)
    assert same(kept.up_to("rides", 4, Versions(profiles[:4]).after), History.of_profiles(profiles[:4]))


def test_tables_are_told_apart(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.up_to("rides", 10, Versions(profiles[:10]).after)
    assert len(kept.up_to("walks", 3, Versions(profiles[:3]).after)) == 3
