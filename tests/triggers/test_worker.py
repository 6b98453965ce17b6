"""Triggers meet events once, wait, refuse on blocking alerts, and act when they may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trivium.errors import Misuse
from trivium.pipelines.pipeline import Pipeline, pipeline
from trivium.pipelines.task import task
from trivium.store.store import Store, connect
from trivium.tables.table import Table
from trivium.triggers.rule import on
from trivium.triggers.worker import declare_triggers, tick
from trivium.values.alerts import Alert
from trivium.values.events import Firing

START = datetime(2024, 1, 1)  # noqa: DTZ001 # event times of this table are wall times


@task
def count(rows: pl.DataFrame) -> int:
    return rows.height


def make_pipeline(table: Table, every: str | None = None) -> Pipeline[[], int]:
    @pipeline
    def counting() -> int:
        return count(table)

    rule = on(table.committed)
    (rule.every(every) if every else rule).run(counting)
    return counting


def commit_day(table: Table, day: int, store: Store) -> None:
    rows = pl.DataFrame({"at": [START + timedelta(days=day)], "value": [1.0]})
    table.append(rows, idempotency_key=f"day {day}", store=store)


def open_alert(store: Store, table: str) -> Alert:
    alert = Alert(
        id=store.ids(), table=table, column="value", partition="2024-01-02", check="learned", kind="learned",
        severity="block", state="open", message="value: median 1, expected 60", evidence={}, commit=None,
        opened_at=datetime.now(UTC),
    )  # fmt: skip
    store.catalog.alerts.record([alert], resolved=[], because="", actor="ada")
    return alert


def states(firings: list[Firing]) -> list[str]:
    return [firing.state for firing in firings]


@pytest.fixture
def table() -> Table:
    return Table("numbers", time="at", watch="off")


def test_a_commit_runs_the_pipeline_once(store: Store, table: Table) -> None:
    counting = make_pipeline(table)
    declare_triggers(store, [counting])
    commit_day(table, 0, store)
    assert states(tick(store, [counting])) == ["done"]
    assert tick(store, [counting]) == []
    assert [run.status for run in store.catalog.runs.list_runs()] == ["succeeded"]


def test_events_before_the_declaration_do_not_fire(store: Store, table: Table) -> None:
    counting = make_pipeline(table)
    commit_day(table, 0, store)
    declare_triggers(store, [counting])
    assert tick(store, [counting]) == []


def test_it_waits_until_enough_event_time_has_gone_by_since_the_last_run(store: Store, table: Table) -> None:
    counting = make_pipeline(table, every="3d")
    commit_day(table, 0, store)
    counting.run(store=store)
    declare_triggers(store, [counting])
    for day in (1, 2):
        commit_day(table, day, store)
        assert tick(store, [counting]) == []
    commit_day(table, 3, store)
    assert [firing.partition for firing in tick(store, [counting])] == ["2024-01-04"]


def test_a_blocking_alert_refuses_the_run_and_its_end_lets_it_go_on(store: Store, table: Table) -> None:
    counting = make_pipeline(table)
    declare_triggers(store, [counting])
    commit_day(table, 0, store)
    alert = open_alert(store, "numbers")
    (refused,) = tick(store, [counting])
    assert refused.state == "refused"
    assert "value: median 1, expected 60" in refused.reason
    assert tick(store, [counting]) == []
    assert [run.status for run in store.catalog.runs.list_runs()] == ["refused"]
    store.catalog.alerts.judge(alert.id, true_alarm=False, because="the sensor was moved", actor="ada")
    (done,) = tick(store, [counting])
    assert (done.state, done.id) == ("done", refused.id)


def test_a_paused_trigger_waits(store: Store, table: Table) -> None:
    counting = make_pipeline(table)
    (spec,) = declare_triggers(store, [counting])
    store.catalog.triggers.pause(spec.name, paused=True, actor="ada")
    commit_day(table, 0, store)
    assert tick(store, [counting]) == []
    store.catalog.triggers.pause(spec.name, paused=False, actor="ada")
    assert states(tick(store, [counting])) == ["done"]


def test_a_firing_that_was_running_when_its_process_died_is_resumed_under_its_run(store: Store, table: Table) -> None:
    counting = make_pipeline(table)
    declare_triggers(store, [counting])
    commit_day(table, 0, store)
    (done,) = tick(store, [counting])
    store.catalog.triggers.update_firing(done.id, state="running", reason=done.reason, run=None, at=None)
    (again,) = tick(store, [counting])
    assert again.run == done.run
    assert len(store.catalog.runs.list_runs()) == 1


def test_a_trigger_whose_pipeline_is_gone_fails_with_its_name(store: Store, table: Table) -> None:
    declare_triggers(store, [make_pipeline(table)])
    commit_day(table, 0, store)
    (failed,) = tick(store, [])
    assert failed.state == "failed"
    assert "counting" in failed.reason


def test_a_rule_refuses_what_is_no_length_of_time(table: Table) -> None:
    with pytest.raises(Misuse, match="fortnight"):
        on(table.committed).every("a fortnight")


def test_two_workers_fire_an_event_once(tmp_path: Path, table: Table) -> None:
    counting = make_pipeline(table)
    with connect(tmp_path, actor="ada") as first, connect(tmp_path, actor="bob") as second:
        declare_triggers(first, [counting])
        commit_day(table, 0, first)
        tick(first, [counting])
        tick(second, [counting])
        assert len(first.catalog.triggers.list_firings()) == 1
        assert len(first.catalog.runs.list_runs()) == 1
