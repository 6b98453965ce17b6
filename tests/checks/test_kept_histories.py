from __future__ import annotations

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


def test_what_is_kept_is_what_the_profiles_make(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    for known in (10, 11, 11, 20):
        assert same(kept.extend_to("rides", profiles[:known]), History.of_profiles(profiles[:known]))


def test_nothing_is_learned_twice(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    first = kept.extend_to("rides", profiles[:10])
    assert kept.extend_to("rides", profiles[:10]) is first
    assert kept.extend_to("rides", profiles[:12]).values[0] is first.values[0]


def test_a_changed_past_is_learned_anew(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.extend_to("rides", profiles[:10])
    changed = [*profiles[:4], *profiles[5:12]]
    assert same(kept.extend_to("rides", changed), History.of_profiles(changed))


def test_a_repaired_partition_replaces_the_broken_one(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.extend_to("rides", profiles[:10])
    repaired = [*profiles[:9], profiles[30]]
    assert kept.extend_to("rides", repaired).partitions == tuple(profile.partition for profile in repaired)


def test_the_oldest_profiles_may_be_left_out(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.extend_to("rides", profiles[:10])
    assert len(kept.extend_to("rides", profiles[2:12])) == 12


def test_tables_are_told_apart(profiles: list[Profile]) -> None:
    kept = KeptHistories()
    kept.extend_to("rides", profiles[:10])
    assert len(kept.extend_to("walks", profiles[:3])) == 3
