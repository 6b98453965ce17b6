"""What every catalog guarantees about how fast people get on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.store.catalog import Catalog
from trivium.values.events import Firing, TriggerSpec
from trivium.values.models import AliasChange, Approval, Gate, ModelVersion
from trivium.values.runs import Code, Environment, Run, TaskRun
from trivium.values.velocity import DayOfRuns, Promotion

NOON = datetime(2024, 2, 28, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENVIRONMENT = Environment("e" * 64, "3.11.7", {})
RUN = Run(
    id="", pipeline="lateness", status="running", parameters={"depth": 6}, inputs=(), code=Code("a" * 64, "a.py"),
    environment="e" * 64, actor="ada", started_at=NOON,
)  # fmt: skip
MODEL = ModelVersion("late", 0, "m" * 64, "r" * 64, "run-0", "ada", NOON, (), {})


@pytest.fixture
def start(catalog: Catalog) -> Any:
    """Starts runs, numbered in the order in which they start; ends them when they have a status."""
    numbers = iter(range(100))

    def begin(*, code: str = "a", status: str | None = "succeeded", **more: Any) -> Run:
        run = replace(RUN, id=f"run-{next(numbers)}", code=Code(code * 64, "a.py"), **more)
        catalog.runs.start(run, ENVIRONMENT)
        return run if status is None else catalog.runs.finish(run.id, status=status, at=run.started_at)  # type: ignore[arg-type]

    return begin


def task(run: Run, node: str, status: Any, start: datetime, end: datetime) -> TaskRun:
    return TaskRun(run.id, node, node, node * 64, status, start, end)


def test_nothing_has_happened_yet(catalog: Catalog) -> None:
    assert catalog.runs.count_days(since=NOON) == []
    assert catalog.runs.list_promotions(since=NOON) == []


def test_runs_are_counted_by_day_pipeline_and_person(catalog: Catalog, start: Any) -> None:
    start(started_at=NOON - DAY)
    start(status="failed")
    start(started_at=NOON + HOUR)
    start(actor="grace", status=None)
    start(pipeline="other", started_at=NOON + DAY)
    found = catalog.runs.count_days(since=NOON)
    assert found == [
        DayOfRuns("2024-02-28", "lateness", "ada", runs=2, succeeded=1),
        DayOfRuns("2024-02-28", "lateness", "grace", runs=1),
        DayOfRuns("2024-02-29", "other", "ada", runs=1, succeeded=1, experiments=1),
    ]
    assert catalog.runs.count_days(since=NOON, pipeline="other") == found[2:]


def test_an_experiment_is_code_or_parameters_that_were_not_there_before(catalog: Catalog, start: Any) -> None:
    start(started_at=NOON - 2 * DAY, parameters={"depth": 9})
    start()
    start(started_at=NOON + HOUR)  # the same again
    start(started_at=NOON + HOUR, actor="grace", parameters={"depth": 7})
    start(started_at=NOON + HOUR, actor="grace", code="b")
    start(started_at=NOON + 2 * HOUR, actor="ada", code="b")  # grace was first
    start(started_at=NOON + HOUR, parameters={"depth": 9})  # ran before the days that are asked for
    found = {day.actor: day.experiments for day in catalog.runs.count_days(since=NOON)}
    assert found == {"ada": 1, "grace": 2}


def test_a_run_knows_how_long_the_results_took_that_it_reused(catalog: Catalog, start: Any) -> None:
    first = start(status=None)
    late = datetime(2024, 2, 29, 23, 59, 59, 500000, tzinfo=UTC)
    catalog.runs.record_tasks(
        [
            task(first, "x", "executed", late, late + timedelta(seconds=1)),  # over a leap day's midnight
            task(first, "y", "executed", NOON, NOON + 366 * DAY),
            task(first, "z", "executed", NOON, NOON + DAY),
        ]
    )
    catalog.runs.finish(first.id, status="succeeded", at=NOON)
    again = start(status=None)
    catalog.runs.record_tasks([task(again, node, "cached", NOON, NOON) for node in ("x", "y")])
    ended = catalog.runs.finish(again.id, status="succeeded", at=NOON)
    assert (catalog.runs.get_run(first.id).saved, ended.saved) == (0.0, 1 + 366 * 86400)
    (day,) = catalog.runs.count_days(since=NOON)
    assert (day.executed, day.cached, day.saved) == (3, 2, 1 + 366 * 86400)


def test_the_newest_execution_is_the_one_that_was_reused(catalog: Catalog, start: Any) -> None:
    for seconds in (9, 5):
        run = start(status=None)
        begun = NOON + timedelta(minutes=10 - seconds)
        catalog.runs.record_task(task(run, "x", "executed", begun, begun + timedelta(seconds=seconds)))
    again = start(status=None)
    catalog.runs.record_task(task(again, "x", "cached", NOON, NOON))
    assert catalog.runs.finish(again.id, status="succeeded", at=NOON).saved == 5


def test_a_run_waited_from_the_event_of_its_trigger(catalog: Catalog, start: Any) -> None:
    catalog.triggers.declare(TriggerSpec("nightly", "table.committed", "flights", "run", "lateness"), actor="ada")
    event = catalog.events.list_events()[-1]
    catalog.triggers.fire("nightly", event.seq, Firing("firing-1", "nightly", event.seq, "pending", event.at))
    start(key="firing-1", trigger="nightly", started_at=event.at + timedelta(minutes=2))
    start(started_at=event.at + HOUR)
    (day,) = catalog.runs.count_days(since=event.at)
    assert (day.runs, day.triggered, day.waited) == (2, 1, 120.0)


def promote(catalog: Catalog, model: ModelVersion, at: datetime, *, approved: datetime | None = None) -> ModelVersion:
    """The model is registered, approved when that is asked for, and champion."""
    made = catalog.models.register(model)
    catalog.models.record_gate(Gate(made.name, made.version, True, (), None, at), actor="ada")
    if approved:
        catalog.models.approve(Approval(made.name, made.version, "approved", "grace", "good", approved))
    change = AliasChange(made.name, "champion", made.version, "ada", "better", at)
    return catalog.models.promote(change, approvals=1 if approved else 0)


def test_the_way_to_production_begins_with_the_first_run_of_the_code(catalog: Catalog, start: Any) -> None:
    start(started_at=NOON - 3 * DAY, parameters={"depth": 1})
    run = start(started_at=NOON, actor="grace")
    promote(catalog, replace(MODEL, run=run.id), NOON + 2 * HOUR, approved=NOON + HOUR)
    assert catalog.runs.list_promotions(since=NOON - DAY) == [
        Promotion(
            "lateness", "a" * 64, "grace", "late", 1, NOON - 3 * DAY, NOON, approved_at=NOON + HOUR,
            promoted_at=NOON + 2 * HOUR,
        )
    ]  # fmt: skip
    assert catalog.runs.list_promotions(since=NOON + 3 * HOUR) == []
    assert catalog.runs.list_promotions(since=NOON - DAY, pipeline="other") == []


def test_only_the_first_champion_of_the_same_code_counts(catalog: Catalog, start: Any) -> None:
    first, again, other = start(), start(), start(code="b")
    promote(catalog, replace(MODEL, run=first.id), NOON + HOUR)
    promote(catalog, replace(MODEL, run=again.id, artifact="n" * 64), NOON + 9 * DAY)
    promote(catalog, replace(MODEL, run=other.id, artifact="o" * 64), NOON + 2 * DAY)
    promote(catalog, replace(MODEL, run=None, artifact="p" * 64), NOON + 3 * DAY)
    promote(catalog, replace(MODEL, run=first.id), NOON + 4 * DAY)  # back to the first one
    found = catalog.runs.list_promotions(since=NOON)
    assert [(each.version, each.approved_at, each.promoted_at) for each in found] == [
        (1, None, NOON + HOUR),
        (3, None, NOON + 2 * DAY),
    ]
