"""Why a task runs again on a new version of a table: which rows, and which columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.table_change import TableChanges
from trivium.pipelines.task import task
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.tables.gc import collect_garbage
from trivium.tables.table import Table

DAY = datetime(2024, 5, 1, tzinfo=UTC)


def rows(day: int, *, delay: int = 0, **more: object) -> pl.DataFrame:
    times = [DAY + timedelta(days=day, minutes=minute) for minute in range(50)]
    return pl.DataFrame({"at": times, "delay": [delay + n for n in range(50)], "carrier": ["AA"] * 50, **more})


@pytest.fixture
def flights(store: Store) -> Table:
    table = Table("flights", time="at", checks=[])
    for day in range(2):
        commit_rows(store, table.spec, rows(day))
    return table


def test_a_plan_names_the_partition_and_the_column_that_are_not_as_they_were(store: Store, flights: Table) -> None:
    @task
    def count(rows: pl.DataFrame) -> int:
        return rows.height

    @pipeline
    def counted() -> int:
        return count(flights)

    counted.run(store=store)
    commit_rows(store, flights.spec, rows(1, delay=90))
    (step,) = counted.plan(store=store).steps
    told = "150 rows, were 100; other rows of 2024-05-02 in delay"
    assert step.why == f"input rows changed: flights version 2 -> flights version 3 ({told})"


def test_new_partitions_and_columns_are_told(store: Store, flights: Table) -> None:
    commit_rows(store, flights.spec, rows(2, gate="B"))
    told = TableChanges(store).tell("flights", 2, 3)
    assert told == "new column gate; 150 rows, were 100; new rows of 2024-05-03"


def test_only_the_partitions_that_were_given_are_told_of(store: Store, flights: Table) -> None:
    commit_rows(store, flights.spec, rows(0, delay=5))
    commit_rows(store, flights.spec, rows(2))
    changes = TableChanges(store)
    assert changes.tell("flights", 2, 4, ("2024-05-01",)) == "other rows of 2024-05-01 in delay"
    assert changes.tell("flights", 2, 4, ("2024-05-02",)) == ""


def test_of_many_partitions_the_first_are_named(store: Store, flights: Table) -> None:
    commit_rows(store, flights.spec, pl.concat([rows(day) for day in range(2, 8)]))
    told = TableChanges(store).tell("flights", 2, 3)
    assert told == "400 rows, were 100; new rows of 2024-05-03, 2024-05-04, 2024-05-05 and 3 more"


def test_of_a_version_whose_files_were_given_up_only_what_its_commit_says_is_told(store: Store, flights: Table) -> None:
    commit_rows(store, flights.spec, rows(0, delay=5), operation="overwrite")
    commit_rows(store, flights.spec, rows(2, gate="B"))
    collect_garbage(store, older_than="0h")
    assert TableChanges(store).tell("flights", 1, 4) == "new column gate; 150 rows, were 50"


def test_a_version_that_is_not_there_tells_nothing(store: Store, flights: Table) -> None:
    assert TableChanges(store).tell("flights", 7, 9) == ""
