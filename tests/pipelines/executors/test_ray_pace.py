"""How many attempts Ray gets together: only of tasks that are known to be quick, and so that every core has some."""

from __future__ import annotations

import pytest

from trivium.pipelines.executors.ray_pace import KNOWN, MOST, Pace, parted


def pace_of(*seconds: float) -> Pace:
    pace = Pace()
    for each in seconds:
        pace.add("task", each)
    return pace


def test_a_task_is_alone_until_it_is_known() -> None:
    assert pace_of(*[0.001] * (KNOWN - 1)).together("task") == 1
    known = pace_of(*[0.001] * KNOWN)
    assert known.together("task") == MOST
    assert known.together("another") == 1


def test_those_that_share_take_a_moment_together() -> None:
    assert pace_of(*[0.018] * KNOWN).together("task") == 11
    assert pace_of(*[0.0] * KNOWN).together("task") == MOST


def test_a_task_that_turns_out_slow_is_alone_again() -> None:
    assert pace_of(*[0.001] * KNOWN, 5.0).together("task") == 1


@pytest.mark.parametrize(
    ("count", "most", "cores", "sizes"),
    [
        (100, 32, 2, [25] * 4),
        (1000, 32, 2, [32] * 31 + [8]),
        (3, 32, 2, [1, 1, 1]),
        (5, 1, 0, [1] * 5),
    ],
)
def test_parts_keep_the_cores_busy(count: int, most: int, cores: float, sizes: list[int]) -> None:
    parts = list(parted(range(count), most, cores))
    assert [len(each) for each in parts] == sizes
    assert [item for part in parts for item in part] == list(range(count))
