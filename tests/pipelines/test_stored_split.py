"""A split that a run makes is a stored fact, and every run that names it gets the same rows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trivium.errors import Leakage, Misuse, NotFound, TaskFailed
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_output
from trivium.pipelines.split import split
from trivium.pipelines.stored_split import read_split
from trivium.pipelines.task import task
from trivium.settings import load_settings
from trivium.store.store import Store, open_store, use_store
from trivium.tables.erase import erase_rows
from trivium.tables.split_age import watch_splits
from trivium.tables.table import Table
from trivium.tracking.run import run as script
from trivium.values.runs import Run

readings = Table("readings", key="id", time="at", watch="off")


def days(first: int, last: int) -> pl.DataFrame:
    """A reading at noon of each of these days of 2024, of one of three places."""
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    return pl.DataFrame(
        {
            "id": range(first, last),
            "at": [noon + timedelta(days=day) for day in range(first, last)],
            "place": [("north", "south", "west")[day % 3] for day in range(first, last)],
        }
    )


@task
def count(past: pl.DataFrame, exam: pl.DataFrame) -> list[int]:
    """How many rows each side has."""
    return [past.height, exam.height]


@pipeline
def moving(latest: str = "3d") -> list[int]:
    """A split that follows its data."""
    past, exam = split(readings, latest=latest)
    return count(past, exam)


@pipeline
def named(latest: str = "3d", refresh: bool = False, fresh: str | None = "90d") -> list[int]:
    """A split that stays."""
    past, exam = split(readings, latest=latest, name="exam", fresh=fresh, refresh=refresh)
    return count(past, exam)


def sides(store: Store, run: Run) -> tuple[list[int], list[int]]:
    past, exam = load_output(store, run.id, "split")
    return past["id"].to_list(), exam["id"].to_list()


def test_a_split_of_a_run_is_on_record_with_what_it_came_from(store: Store) -> None:
    readings.append(days(0, 10))
    run = moving.run(store=store)
    made = store.catalog.splits.get_split("moving-split")
    assert (made.version, str(made.rule), made.past_rows, made.exam_rows) == (1, "latest 3d by at", 7, 3)
    assert [(each.table, each.version) for each in made.inputs] == [("readings", 1)]
    assert made.inputs[0].digest == run.inputs[0].digest
    assert (made.run, made.actor) == (run.id, "ada")
    assert made.exam_window == ("2024-01-08T12:00:00+00:00", "2024-01-10T12:00:00+00:00")
    assert tuple(side["id"].to_list() for side in read_split("moving-split")) == sides(store, run)


def test_without_a_name_it_moves_with_its_data_and_the_same_data_is_the_same_version(store: Store) -> None:
    readings.append(days(0, 10))
    moving.run(store=store)
    assert moving.run(store=store).cached == 2
    readings.append(days(10, 12))
    newest = moving.run(store=store)
    assert sides(store, newest)[1] == [9, 10, 11]
    moving.run(store=store, versions={"readings": 1}, latest="3d")
    assert [str(each) for each in store.catalog.splits.list_splits()] == ["moving-split@2", "moving-split@1"]


def test_every_run_that_names_it_gets_the_same_rows_until_a_refresh(store: Store) -> None:
    readings.append(days(0, 10))
    first = named.run(store=store)
    readings.append(days(10, 15))
    again = named.run(store=store)
    assert sides(store, again) == sides(store, first) == ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])
    assert again.cached == 1  # what works with the same rows need not run again
    refreshed = named.run(store=store, refresh=True)
    assert sides(store, refreshed)[1] == [12, 13, 14]
    assert sides(store, named.run(store=store)) == sides(store, refreshed)
    assert [each.run for each in store.catalog.splits.list_uses("exam", 1)] == [again.id, first.id]
    assert read_split("exam", 1)[1]["id"].to_list() == [7, 8, 9]


def test_another_pipeline_that_names_it_gets_the_same_rows_and_is_their_reader(store: Store) -> None:
    @pipeline
    def other() -> list[int]:
        past, exam = split(readings, latest="3d", name="exam", fresh="90d")
        return count(past, exam)

    readings.append(days(0, 10))
    first = named.run(store=store)
    readings.append(days(10, 15))
    second = other.run(store=store)
    assert sides(store, second) == sides(store, first)
    made = store.catalog.splits.get_split("exam")
    assert {read.run for read in store.catalog.lineage.blob_readers(made.exam_blob)} == {second.id}


def test_another_rule_under_the_same_name_is_refused_without_a_refresh(store: Store) -> None:
    readings.append(days(0, 10))
    named.run(store=store)
    with pytest.raises(TaskFailed, match="was made by latest 3d by at, and this run asks for latest 5d by at"):
        named.run(store=store, latest="5d")
    named.run(store=store, latest="5d", refresh=True)
    assert store.catalog.splits.get_split("exam").rule.amount == "5d"


def test_a_reproduction_gets_the_rows_that_the_run_had_also_after_a_refresh(store: Store) -> None:
    readings.append(days(0, 10))
    first = named.run(store=store)
    readings.append(days(10, 15))
    refreshed = named.run(store=store, refresh=True)
    assert reproduce_run(store, first.id, pipeline=named).same
    assert reproduce_run(store, refreshed.id, pipeline=named).same
    assert len(store.catalog.splits.list_splits()) == 2


def test_what_leaks_stops_the_run_and_leaves_no_split(store: Store) -> None:
    @pipeline
    def leaky() -> list[int]:
        past, exam = split(readings, latest="3d", by="place", name="leaky")
        return count(past, exam)

    readings.append(days(0, 10))
    with pytest.raises(TaskFailed, match="The group place is on both sides"):
        leaky.run(store=store)
    assert store.catalog.splits.find_split("leaky") is None


def test_a_split_by_share_keeps_every_row_on_its_side_when_data_grow(store: Store) -> None:
    @pipeline
    def grouped(refresh: bool = False) -> list[int]:
        past, exam = split(readings, share=0.3, key="id", name="grouped", refresh=refresh)
        return count(past, exam)

    readings.append(days(0, 60))
    before = [set(side) for side in sides(store, grouped.run(store=store))]
    readings.append(days(60, 120))
    after = [set(side) for side in sides(store, grouped.run(store=store, refresh=True))]
    assert before[0] < after[0]
    assert before[1] < after[1]


def test_outside_of_a_pipeline_it_is_an_ordinary_function(store: Store) -> None:
    past, exam = split(days(0, 10), latest="3d", name="exam", fresh="1d")
    assert (past.height, exam.height) == (7, 3)
    assert store.catalog.splits.list_splits() == []
    with pytest.raises(Leakage):
        split(days(0, 10), latest="3d", by="place")
    with pytest.raises(Misuse, match="nothing to refresh"):
        split(days(0, 10), latest="3d", refresh=True)


def test_a_named_split_of_a_script_is_on_record_too(store: Store) -> None:
    readings.append(days(0, 10))
    with script("try", store=store):
        first = split(readings.read(), latest="3d", name="exam")
        split(readings.read(), latest="4d", name="other")
        split(readings.read(), latest="4d")
    readings.append(days(10, 15))
    with script("try", store=store):
        second = split(readings.read(), latest="3d", name="exam")
    assert first[1].equals(second[1])
    assert [each.name for each in store.catalog.splits.list_newest()] == ["exam", "other"]
    assert [each.table for each in store.catalog.splits.get_split("exam").inputs] == ["readings"]


def test_rows_that_were_erased_are_in_no_split(store: Store) -> None:
    readings.append(days(0, 10))
    named.run(store=store)
    with script("try", store=store):
        split(readings.read(), latest="4d", name="other")
    erase_rows(store, "readings", "id = 8", because="asked for")
    for name in ("exam", "other"):
        with pytest.raises(NotFound, match=f"rows of split {name}@1 are not kept any more"):
            read_split(name)
    with pytest.raises(TaskFailed, match="not kept any more"):
        named.run(store=store)
    named.run(store=store, refresh=True)
    assert read_split("exam")[1]["id"].to_list() == [7, 9]


@pytest.fixture
def aged(tmp_path: Path) -> Callable[[int], Any]:
    """Opens the store of one project as it is so many days after 2024-01-01."""
    settings = load_settings(
        tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada", durability="fast", executor="inline"
    )

    def open_at(days_later: int) -> Any:
        now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days_later)
        return open_store(settings, clock=lambda: now)

    return open_at


def open_alerts(store: Store) -> list[tuple[str, str]]:
    return [(alert.table, alert.partition) for alert in store.catalog.alerts.list_alerts(state="open")]


def test_an_old_evaluation_set_is_an_open_alert_until_it_is_refreshed(aged: Callable[[int], Any]) -> None:
    with use_store(aged(0)) as store:
        readings.append(days(0, 10))
        named.run(store=store)
    with use_store(aged(90)) as store:
        assert watch_splits(store) == []
    with use_store(aged(91)) as store:
        (alert,) = watch_splits(store)
        assert watch_splits(store) == []
        assert "exam@1 is 91.0 days old, and its policy is 90d" in alert.message
        assert open_alerts(store) == [("split:exam", "version 1")]
        readings.append(days(10, 15))
        named.run(store=store)
        assert open_alerts(store) == [("split:exam", "version 1")]
        named.run(store=store, refresh=True)
        assert open_alerts(store) == []
        (resolved,) = store.catalog.alerts.list_alerts(state="resolved")
        assert resolved.resolved_because == "version 2 is fresh"
    with use_store(aged(200)) as store:
        assert [each.partition for each in watch_splits(store)] == ["version 2"]


def test_a_dismissed_alert_and_a_longer_policy_stay_quiet(aged: Callable[[int], Any]) -> None:
    with use_store(aged(0)) as store:
        readings.append(days(0, 10))
        named.run(store=store)
    with use_store(aged(91)) as store:
        (alert,) = watch_splits(store)
        store.catalog.alerts.judge(alert.id, true_alarm=False, because="the year is over", actor="grace")
        assert watch_splits(store) == []
        named.run(store=store, fresh="30d")
        assert open_alerts(store) == []
    with use_store(aged(92)) as store:
        named.run(store=store, fresh=None)
        assert store.catalog.splits.get_split("exam").fresh is None
        assert watch_splits(store) == []


SCRIPT = """
import sys
from test_stored_split import days, named, readings
from trivium.store.store import connect
with connect(sys.argv[1], actor="ada", durability="fast") as store:
    readings.append(days(0, 10), idempotency_key="first")
    named.run(key="nightly", store=store, refresh=True)
"""


@pytest.mark.parametrize("place", ["run:task_called", "run:task_recording"])
def test_a_run_that_dies_and_goes_on_makes_no_second_version(tmp_path: Path, place: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    died = subprocess.run(command, env={**environ, "TRIVIUM_FAILPOINT": place}, check=False, capture_output=True)
    assert died.returncode == -9
    subprocess.run(command, env=environ, check=True, capture_output=True)
    settings = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada")
    store = open_store(settings)
    assert [str(each) for each in store.catalog.splits.list_splits()] == ["exam@1"]
    store.close()


def test_runs_that_make_it_at_once_from_other_rows_get_the_same_ones(store: Store) -> None:
    def work(number: int) -> list[int]:
        opened = open_store(store.settings)
        try:
            with use_store(opened), script("try", store=opened):
                return list(split(days(0, 10 + number), latest="3d", name="exam")[1]["id"])
        finally:
            opened.close()

    with ThreadPoolExecutor(4) as pool:
        exams = list(pool.map(work, range(4)))
    assert exams == [exams[0]] * 4
    assert exams[0] == list(read_split("exam")[1]["id"])
    assert len(store.catalog.splits.list_splits()) == 1
