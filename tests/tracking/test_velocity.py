"""How fast people get on, told of a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

import trivium as tv
from trivium.models.promotion import approve, promote
from trivium.settings import load_settings
from trivium.store.store import Store, open_store, use_store
from trivium.tracking.velocity import measure_velocity
from trivium.values.models import Gate, ModelVersion

WEDNESDAY = datetime(2024, 1, 31, 12, tzinfo=UTC)


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = WEDNESDAY

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def store(tmp_path: Path, watch: Watch) -> Iterator[Store]:
    settings = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada", durability="fast")
    opened = open_store(settings, clock=watch)
    with use_store(opened):
        yield opened
    opened.close()


@tv.task
def prepare(n: int) -> int:
    return n + 1


@tv.task
def judge(n: int, depth: int) -> int:
    if depth < 0:
        raise ValueError("no depth")
    return n * depth


@tv.pipeline
def tuning(depth: int = 1) -> int:
    return judge(prepare(1), depth)


@tv.pipeline
def nightly() -> int:
    return prepare(7)


def test_an_empty_project_has_weeks_and_no_pace(store: Store) -> None:
    found = measure_velocity(store, since=timedelta(weeks=2))
    assert [week.name for week in found.weeks] == ["2024-01-15", "2024-01-22", "2024-01-29"]
    assert (found.total.runs, found.total.success, found.total.to_production) == (0, None, None)
    assert found.pipelines == found.people == ()


def test_weeks_begin_on_monday_and_have_no_gaps(store: Store, watch: Watch) -> None:
    tuning.run()
    watch.now += timedelta(days=14)
    tuning.run(depth=2)
    nightly.run()
    found = measure_velocity(store, since=timedelta(days=15))
    assert [(week.name, week.runs, week.experiments) for week in found.weeks] == [
        ("2024-01-29", 1, 1),
        ("2024-02-05", 0, 0),
        ("2024-02-12", 2, 2),
    ]


def test_what_is_old_is_left_out_and_still_no_experiment(store: Store, watch: Watch) -> None:
    tuning.run()
    watch.now += timedelta(days=28)
    tuning.run()
    found = measure_velocity(store, since=timedelta(days=7))
    assert (found.total.runs, found.total.experiments) == (1, 0)


def test_reuse_and_success_are_shares(store: Store) -> None:
    tuning.run(depth=1)
    tuning.run(depth=2)
    with pytest.raises(tv.TriviumError):
        tuning.run(depth=-1)
    found = measure_velocity(store, since=timedelta(days=1))
    assert found.total.success == pytest.approx(2 / 3)
    assert found.total.reused == pytest.approx(2 / 5)  # prepare twice; judge ran twice, and failed once
    assert found.total.saved > 0


def test_pipelines_and_people_come_with_the_busiest_first(store: Store) -> None:
    nightly.run()
    grace = replace_actor(store, "grace")
    for depth in (1, 2):
        tuning.run(depth=depth, store=grace)
    found = measure_velocity(store, since=timedelta(days=1))
    assert [(each.name, each.runs, each.experiments) for each in found.pipelines] == [
        ("tuning", 2, 2),
        ("nightly", 1, 1),
    ]
    assert [each.name for each in found.people] == ["grace", "ada"]
    assert [each.name for each in measure_velocity(store, since=timedelta(1), pipeline="nightly").people] == ["ada"]


def test_the_way_from_idea_to_production_is_told_with_the_wait_for_approval(store: Store, watch: Watch) -> None:
    tuning.run(depth=1)
    watch.now += timedelta(hours=5)
    run = tuning.run(depth=2)
    model = store.catalog.models.register(ModelVersion("late", 0, "m" * 64, "r" * 64, run.id, "ada", watch.now, (), {}))
    store.catalog.models.record_gate(Gate("late", model.version, True, (), None, watch.now), actor="ada")
    watch.now += timedelta(hours=2)
    approve(store, "late", 1, because="good", actor="grace")
    watch.now += timedelta(hours=1)
    promote(store, "late", 1, because="better")
    found = measure_velocity(store, since=timedelta(days=1))
    for pace in (found.total, found.weeks[-1], found.pipelines[0], found.people[0]):
        assert pace.promoted == 1
        assert pace.to_production == pytest.approx(8 * 3600, abs=5)
        assert pace.to_approval == pytest.approx(2 * 3600, abs=5)


def replace_actor(store: Store, actor: str) -> Store:
    """The same store, where another person acts."""
    settings = replace(store.settings, actor=actor)
    return Store(**{**store.__dict__, "settings": settings})
