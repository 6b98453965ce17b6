"""Whole pipelines on a part of their inputs: the example of this project, as its owner would test it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.demo.project import Cast, load_cast, prepare_project
from trivium.demo.upstream import Upstream, data_folder
from trivium.errors import Misuse, NotFound, TaskFailed
from trivium.pipelines.results import load_output
from trivium.store.store import Store, connect
from trivium.testing import assert_deterministic, assert_runs, golden, sample, temporary_store

# Real rows have alarms, and whoever reads them is told.
pytestmark = pytest.mark.filterwarnings("ignore::trivium.tables.read.FlaggedData")
GOLDEN = Path(__file__).parent / "golden"
UNTIL = date(2013, 2, 7)
numbers = tv.Table("numbers", key="n", watch="off", checks=[tv.row_count(at_least=500)])
more = tv.Table("more", watch="off")


@tv.task
def total(rows: pl.DataFrame, seen: int) -> int:
    return int(rows["n"].sum()) + seen


@tv.task(cache=False)
def peek() -> int:
    return more.read().collect().height


@tv.task
def save(result: int) -> int:
    more.append([{"n": result}])
    if result < 0:
        raise ValueError("negative")
    return result


@tv.pipeline
def summing(seen: int = 0) -> int:
    return save(total(numbers, seen))


@tv.pipeline
def peeking() -> int:
    return total(numbers, peek())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Cast]]:
    """The example's project with its first 37 days."""
    root = tmp_path_factory.mktemp("airline")
    settings = prepare_project(root, "ada")
    cast, upstream = load_cast(settings), Upstream(data_folder())
    with connect(root, actor="ada", durability="fast") as store:
        for table, rows, time in (
            (cast.flights, upstream.flights, "scheduled_at"),
            (cast.weather, upstream.weather, "observed_at"),
        ):
            table.append(rows.filter(pl.col(time).dt.date() < UNTIL), store=store)
        cast.planes.append(upstream.planes, store=store)
        yield store, cast


def facts_of(store: Store) -> Any:
    """Everything that a test must not change: events, and files of rows and blobs."""
    newest = store.catalog.events.list_events(limit=100_000)[-1]
    return newest.seq, sorted(str(path) for path in store.settings.state.rglob("*") if path.suffix == ".parquet")


def test_the_example_runs_from_end_to_end_on_a_part_of_its_rows(project: tuple[Store, Cast]) -> None:
    store, cast = project
    before = facts_of(store)
    with temporary_store() as place:
        run = assert_runs(cast.lateness, share=0.05, by={"planes": "tail_number"}, store=store, into=place, depth=3)
        assert (run.status, run.parameters["depth"]) == ("succeeded", 3)
        (model,) = place.catalog.models.list_models()
        assert model.run == run.id
        assert load_output(place, run.id, "features").collect().height < 3000
    assert facts_of(store) == before
    assert store.catalog.models.list_models() == []


def test_the_features_of_the_example_are_the_same_every_time(project: tuple[Store, Cast]) -> None:
    store, cast = project
    flights = sample(cast.flights, 0.02, store=store)
    weather, planes = (sample(table, 0.5, store=store) for table in (cast.weather, cast.planes))
    features = next(node.task for node in cast.lateness.graph().nodes if node.name == "features")
    assert_deterministic(features, flights.lazy(), weather.lazy(), planes.lazy(), times=2)


def test_the_features_of_the_example_are_what_they_were(project: tuple[Store, Cast]) -> None:
    store, cast = project
    noon = pl.col("scheduled_at").dt.to_string("%F %H:%M") == "2013-01-15 12:00"
    chosen = cast.flights.read(store=store).filter(noon).head(3).collect()
    morning = pl.col("observed_at").dt.to_string("%F %H").is_in(["2013-01-15 11", "2013-01-15 12"])
    weather = cast.weather.read(store=store).filter(morning).collect()
    planes = cast.planes.read(store=store).filter(pl.col("tail_number").is_in(chosen["tail_number"].implode()))
    features = next(node.task for node in cast.lateness.graph().nodes if node.name == "features")
    case = {"flights": chosen, "weather": weather, "planes": planes.collect()}
    golden(features, GOLDEN / "features.json", inputs={"three flights at noon": case})


def test_what_the_pipeline_writes_stays_out_of_the_project(store: Store) -> None:
    numbers.append([{"n": n} for n in range(1000)])
    more.append([{"n": 1}])
    run = assert_runs(summing, share=0.1, seen=3)
    assert (run.status, run.parameters, run.actor) == ("succeeded", {"seen": 3}, "ada")
    assert more.get_latest().version == 1
    assert store.catalog.runs.list_runs() == []


def test_the_same_rows_are_taken_every_time(store: Store) -> None:
    numbers.append([{"n": n} for n in range(1000)])
    digests = set()
    for _ in range(2):
        with temporary_store() as place:
            digests.add(assert_runs(summing, store=store, into=place).inputs[0].digest)
    assert len(digests) == 1


def test_a_table_that_a_task_reads_by_itself_can_be_given_too(store: Store) -> None:
    numbers.append([{"n": n} for n in range(1000)])
    more.append([{"n": n} for n in range(1000)])
    with pytest.raises(TaskFailed):
        assert_runs(peeking)
    assert assert_runs(peeking, also=[more]).status == "succeeded"


def test_a_failing_task_is_told(store: Store) -> None:
    numbers.append([{"n": n} for n in range(1000)])
    with pytest.raises(TaskFailed, match="negative"):
        assert_runs(summing, seen=-1_000_000)


def test_what_cannot_be_run_is_told(store: Store) -> None:
    with pytest.raises(NotFound, match="numbers"):
        assert_runs(summing)
    with pytest.raises(Misuse, match="'flights' is no input of pipeline 'summing'"):
        assert_runs(summing, by={"flights": "carrier"})
    with pytest.raises(Misuse, match="store= or into="):
        assert_runs(summing, into=store)
