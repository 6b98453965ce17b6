"""What is stale, and what is not: the rule, over every database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.lineage.conftest import make_flights

from trivium.checks.kinds.rule import rule
from trivium.lineage.staleness import (
    find_stale_models,
    find_stale_nodes,
    find_stale_sources,
    find_stale_tables,
    model_staleness,
    table_staleness,
)
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.store.acting import use_acting
from trivium.store.store import Store, connect
from trivium.tables.compact import compact_table
from trivium.tables.read import read_version
from trivium.tables.settle import settle_commit
from trivium.tables.table import Table
from trivium.tracking.run import run
from trivium.values.lineage import Node, Read
from trivium.values.models import ModelVersion
from trivium.values.runs import ArtifactRef, TaskRun
from trivium.values.staleness import Staleness
from trivium.values.tables import Commit

flights = Table("flights", key="id", time="at", watch="off")
weather = Table("weather", watch="off")
features = Table("features", time="at", watch="off")
totals = Table("totals", key="id", watch="off")
NOON = datetime(2024, 1, 1, 12)  # noqa: DTZ001


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new project over each database."""
    if request.param == "postgres":
        (tmp_path / "trivium.toml").write_text(f'store = "{request.getfixturevalue("postgres_url")}"\n')
    with connect(tmp_path, actor="ada", durability="fast") as opened:
        yield opened


def days(*numbers: int, value: float = 1.0) -> pl.DataFrame:
    """Two flights on each of these days of January."""
    at = [datetime(2024, 1, number, hour) for number in numbers for hour in (6, 7)]  # noqa: DTZ001
    return pl.DataFrame({"id": [f"{each:%d-%H}" for each in at], "at": at, "value": [value] * len(at)})


def day(number: int) -> str:
    return f"2024-01-{number:02}"


def derive(
    store: Store, into: Table, rows: pl.DataFrame, *sources: Table, how: str = "overwrite", only: Sequence[int] = ()
) -> Commit:
    """A script that reads the sources (only these days of them) and writes rows."""
    with run("derive", store=store):
        for source in sources:
            read_version(store, source.name, partitions=tuple(map(day, only)) or None)
        commit: Commit = getattr(into, how)(rows, store=store)
    return commit


def newer(store: Store, table: Table) -> list[dict[str, Any]]:
    """What the table has not taken up, without the moments."""
    return told(table_staleness(store.catalog, table.name))


def told(staleness: Staleness) -> list[dict[str, Any]]:
    found = []
    for each in staleness.inputs:
        facts = {name: getattr(each, name) for name in each.__struct_fields__}
        facts.pop("since")
        found.append({name: value for name, value in facts.items() if value != ()})
    return found


def train(store: Store, name: str, *sources: Table, version: int | None = None) -> ModelVersion:
    """A model of a run that reads the sources, at this version."""
    with run("train", store=store) as context:
        for source in sources:
            source.read(version, store=store)
    return store.catalog.models.register(
        ModelVersion(name, 0, context.run * 3, "r" * 64, context.run, "ada", store.clock(), (), {})
    )


def test_a_table_that_no_run_made_is_never_stale(store: Store) -> None:
    flights.append(days(1), store=store)
    flights.append(days(2), store=store)
    assert table_staleness(store.catalog, "flights") == Staleness()
    assert not table_staleness(store.catalog, "flights").stale


def test_a_new_partition_of_an_input_makes_a_table_stale_and_is_named(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights)
    assert newer(store, features) == []
    moment = flights.append(days(2), store=store).committed_at
    assert newer(store, features) == [{"table": "flights", "read": 1, "newest": 2, "added": (day(2),)}]
    assert table_staleness(store.catalog, "features").since == moment
    assert str(table_staleness(store.catalog, "features")) == "flights 1 → 2 (new: 2024-01-02)"
    derive(store, features, days(1, 2), flights)
    assert newer(store, features) == []


def test_a_quarantined_version_makes_nothing_stale_until_it_is_released(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights)
    strict = Table("flights", key="id", time="at", watch="off", checks=[rule("value > 0")])
    with pytest.warns(UserWarning, match="kept aside"):
        commit = strict.append(days(2, value=-1), store=store)
    assert commit.version is None
    assert newer(store, features) == []
    settle_commit(store, commit.id, release=True, because="known")
    assert [each["added"] for each in newer(store, features)] == [(day(2),)]


def test_a_table_built_up_day_by_day_is_stale_in_the_one_day_whose_input_changed(store: Store) -> None:
    for number in (1, 2, 3, 4):
        flights.append(days(number), store=store)
        derive(store, features, days(number), flights, how="append")
    assert newer(store, features) == []
    flights.overwrite(days(2, value=9), store=store)
    assert newer(store, features) == [{"table": "flights", "read": 2, "newest": 5, "changed": (day(2),)}]
    flights.append(days(5), store=store)
    derive(store, features, days(5), flights, how="append")
    assert [each["changed"] for each in newer(store, features)] == [(day(2),)]
    derive(store, features, days(2, value=9), flights)
    assert newer(store, features) == []


def test_rows_that_came_late_are_taken_up_by_who_reads_their_day_again(store: Store) -> None:
    for number in (1, 2):
        flights.append(days(number), store=store)
        derive(store, features, days(number), flights, how="append")
    flights.append(days(1, value=2), store=store)
    assert newer(store, features) == [{"table": "flights", "read": 1, "newest": 3, "added": (day(1),)}]
    derive(store, features, days(1), flights, how="append")
    assert newer(store, features) == []


def test_the_partitions_that_a_task_read_decide_where_they_are_on_record(store: Store) -> None:
    flights.append(days(1, 2, 3), store=store)
    derive(store, features, days(2), flights, how="append", only=[2])
    derive(store, features, days(3), flights, how="append", only=[2, 3])
    flights.overwrite(days(1, value=5), store=store)
    assert newer(store, features) == []
    flights.overwrite(days(3, value=5), store=store)
    derive(store, features, days(3), flights, only=[2, 3])
    assert newer(store, features) == []
    flights.overwrite(days(2, value=5), store=store)
    assert newer(store, features) == [{"table": "flights", "read": 1, "newest": 4, "changed": (day(2),)}]
    derive(store, features, days(2), flights, only=[2])
    assert newer(store, features) == [{"table": "flights", "read": 3, "newest": 4, "changed": (day(2),)}]
    derive(store, features, days(3), flights, only=[2, 3])
    assert newer(store, features) == []


def test_a_new_partition_that_no_part_was_asked_to_read_is_told_all_the_same(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights, how="append", only=[1])
    flights.append(days(2), store=store)
    assert newer(store, features) == [{"table": "flights", "read": 1, "newest": 2, "added": (day(2),)}]


def test_what_a_pinned_run_reads_narrowed_counts_for_the_task_that_wrote(store: Store) -> None:
    flights.append(days(1, 2), store=store)
    with run("daily", store=store) as context:
        store.catalog.lineage.record_reads([Read(context.run, "", "table", "flights", 1)])
        for number in (1, 2):
            with use_acting(store.catalog, context.run, f"day[{number}]"):
                read_version(store, "flights", partitions=(day(number),))
                features.append(days(number), store=store)
    flights.overwrite(days(1, value=3), store=store)
    assert [each["changed"] for each in newer(store, features)] == [(day(1),)]
    derive(store, features, days(1), flights, only=[1])
    assert newer(store, features) == []


def test_the_same_content_again_is_nothing_new_whatever_the_numbers_say(store: Store) -> None:
    flights.append(days(1, 2), store=store)
    derive(store, features, days(1, 2), flights)
    flights.overwrite(days(1, value=7), store=store)
    assert [each["changed"] for each in newer(store, features)] == [(day(1),)]
    flights.restore(1, store=store)
    assert newer(store, features) == []
    flights.overwrite(days(2, value=7), store=store)
    flights.append(days(3), store=store)
    flights.overwrite(days(2), store=store)
    assert newer(store, features) == [{"table": "flights", "read": 1, "newest": 6, "added": (day(3),)}]


def test_a_compaction_of_an_input_changes_nothing(store: Store) -> None:
    for number in (1, 1, 1):
        flights.append(days(number, value=number), store=store)
    derive(store, features, days(1), flights)
    flights.append(days(1, value=4), store=store)
    flights.restore(3, store=store)
    compact_table(store, "flights")
    assert newer(store, features) == []


def test_a_restored_table_is_as_stale_as_what_it_was_restored_to(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights)
    flights.append(days(2), store=store)
    derive(store, features, days(1, 2), flights)
    assert newer(store, features) == []
    features.restore(1, store=store)
    assert [each["added"] for each in newer(store, features)] == [(day(2),)]
    features.restore(2, store=store)
    assert newer(store, features) == []


def test_a_table_that_goes_on_from_itself_is_not_stale_for_that(store: Store) -> None:
    weather.append(pl.DataFrame({"a": [1]}), store=store)
    for _ in range(2):
        with run("again", store=store):
            weather.read(store=store)
            if totals_exist(store):
                totals.read(store=store)
            totals.append(pl.DataFrame({"id": ["x"]}), store=store)
    assert newer(store, totals) == []


def totals_exist(store: Store) -> bool:
    return store.catalog.tables.find_spec("totals") is not None


def test_rows_that_were_renewed_by_key_have_taken_up_what_changed_and_appended_ones_have_not(store: Store) -> None:
    row = pl.DataFrame({"id": ["x"], "n": [1]})
    weather.append(pl.DataFrame({"a": [1]}), store=store)
    derive(store, totals, row, weather, how="append")
    weather.overwrite(pl.DataFrame({"a": [2]}), store=store)
    derive(store, totals, row.with_columns(id=pl.lit("y")), weather, how="append")
    assert newer(store, totals) == [{"table": "weather", "read": 1, "newest": 2, "changed": ("all",)}]
    assert str(table_staleness(store.catalog, "totals")) == "weather 1 → 2"
    derive(store, totals, row, weather, how="upsert")
    assert newer(store, totals) == []


def test_what_was_written_by_hand_over_the_derived_rows_is_not_stale(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights)
    flights.append(days(2), store=store)
    features.overwrite(days(1), store=store)
    assert newer(store, features) == []


def test_an_erasure_in_an_input_is_told_until_the_table_is_made_anew(store: Store) -> None:
    flights.append(days(1, 2), store=store)
    derive(store, features, days(1, 2), flights)
    flights.erase("id = '01-06'", because="asked to", store=store)
    found = newer(store, features)
    assert [(each["table"], each["acts"]) for each in found] == [("flights", ("erase",))]
    derive(store, features, days(1, 2), flights)
    assert newer(store, features) == []


def test_a_renamed_column_of_an_input_is_told_until_somebody_read_it(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights, how="append")
    flights.rename({"value": "worth"}, store=store)
    assert [(each["read"], each["newest"], each["acts"]) for each in newer(store, features)] == [(1, 2, ("rename",))]
    renamed = days(2).rename({"value": "worth"})
    flights.append(renamed, store=store)
    derive(store, features, days(2), flights, how="append")
    assert newer(store, features) == []


def test_an_input_of_which_nothing_is_on_record_makes_nothing_stale(store: Store) -> None:
    with run("derive", store=store) as context:
        store.catalog.lineage.record_reads([Read(context.run, "script", "table", "gone", 3)])
        features.append(days(1), store=store)
    assert newer(store, features) == []


def test_what_lies_further_behind_is_told_with_the_way_to_it(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights)
    derive(store, totals, pl.DataFrame({"id": ["x"]}), features)
    model = train(store, "late", totals)
    assert not model_staleness(store.catalog, model).stale
    flights.append(days(2), store=store)
    behind = {"table": "flights", "read": 1, "newest": 2, "added": (day(2),)}
    assert newer(store, features) == [behind]
    assert newer(store, totals) == [{**behind, "through": ("features",)}]
    staleness = model_staleness(store.catalog, model)
    assert told(staleness) == [{**behind, "through": ("totals", "features")}]
    assert str(staleness) == "totals ← features ← flights 1 → 2 (new: 2024-01-02)"
    derive(store, features, days(1, 2), flights)
    assert [(each["table"], each.get("through")) for each in told(model_staleness(store.catalog, model))] == [
        ("features", ("totals",))
    ]


def test_tables_that_feed_each_other_come_to_an_end(store: Store) -> None:
    flights.append(days(1), store=store)
    derive(store, features, days(1), flights)
    derive(store, flights, days(2), features, how="append")
    assert [each["table"] for each in newer(store, features)] == ["flights"]
    assert newer(store, flights) == []


def test_a_model_that_was_trained_on_a_pinned_version_is_stale_all_the_same(store: Store) -> None:
    flights.append(days(1), store=store)
    flights.append(days(2), store=store)
    old, new = train(store, "late", flights, version=1), train(store, "late", flights)
    found = find_stale_models(store.catalog, [old, new])
    assert told(found["late", 1]) == [{"table": "flights", "read": 1, "newest": 2, "added": (day(2),)}]
    assert not found["late", 2].stale


def test_a_model_registered_elsewhere_is_made_of_what_the_run_read_that_trained_it(store: Store) -> None:
    flights.append(days(1), store=store)
    with run("train", store=store) as context:
        flights.read(store=store)
        made = (ArtifactRef("model", "m" * 64, 9),)
        task = TaskRun(context.run, "train", "train", "k" * 64, "executed", store.clock(), outputs=made)
        store.catalog.runs.record_task(task)
    draft = ModelVersion("late", 0, "m" * 64, "r" * 64, None, "ada", store.clock(), (), {})
    model = store.catalog.models.register(draft)
    assert not model_staleness(store.catalog, model).stale
    flights.append(days(2), store=store)
    assert [each["table"] for each in told(model_staleness(store.catalog, model))] == ["flights"]


def test_a_model_without_a_run_is_not_stale(store: Store) -> None:
    draft = ModelVersion("bought", 0, "m" * 64, "r" * 64, None, "ada", store.clock(), (), {})
    assert not model_staleness(store.catalog, store.catalog.models.register(draft)).stale


def test_many_tables_are_asked_about_at_once_and_each_has_its_answer(store: Store) -> None:
    flights.append(days(1), store=store)
    weather.append(pl.DataFrame({"a": [1]}), store=store)
    derive(store, features, days(1), flights)
    derive(store, totals, pl.DataFrame({"id": ["x"]}), weather, flights)
    flights.append(days(2), store=store)
    weather.append(pl.DataFrame({"a": [2]}), store=store)
    found = find_stale_tables(store.catalog, ["flights", "weather", "features", "totals", "unheard_of"])
    assert {name: [each.table for each in stale.inputs] for name, stale in found.items()} == {
        "flights": [], "weather": [], "features": ["flights"], "totals": ["flights", "weather"], "unheard_of": [],
    }  # fmt: skip


def test_an_endpoint_serves_what_is_stale_of_its_model_and_its_lookups(lived: Store) -> None:
    endpoint = lived.catalog.endpoints.get_endpoint("late")
    assert find_stale_sources(lived.catalog, endpoint) == {}
    Table("flights", key="flight", time="left_at", watch="off").append(make_flights(5, 3), store=lived)
    found = find_stale_sources(lived.catalog, endpoint)
    assert {str(node): [str(each) for each in stale.inputs] for node, stale in found.items()} == {
        "model:late@1": ["features ← flights 2 → 3 (new: 2024-03-01)"]
    }
    nodes = find_stale_nodes(lived.catalog, [Node("table", "features", 1), Node("table", "features"), Node("run", "x")])
    assert [str(node) for node in nodes] == ["features"]


@task(commits=features)
def double(rows: pl.DataFrame) -> pl.DataFrame:
    """Twice the value."""
    return rows.with_columns(value=pl.col("value") * 2)


@pipeline
def build() -> None:
    """The features of every day."""
    double(flights)


def test_a_table_that_a_task_commits_into_is_stale_in_the_days_of_its_input_that_changed(store: Store) -> None:
    flights.append(days(1, 2, 3), store=store)
    build.run(store=store)
    flights.append(days(4), store=store)
    flights.overwrite(days(2, value=5), store=store)
    behind = {"table": "flights", "read": 1, "newest": 3, "added": (day(4),), "changed": (day(2),)}
    assert newer(store, features) == [behind]
    build.run(store=store)
    assert newer(store, features) == []
    assert store.catalog.tables.newest_version("features") == 5
