"""Which models learnt from a table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from trivium.lineage.trained import models_trained_on
from trivium.store.acting import use_acting
from trivium.store.store import Store
from trivium.tables.table import Table
from trivium.values.lineage import Read
from trivium.values.models import ModelVersion
from trivium.values.runs import ArtifactRef, Code, Environment, Run, TableInput, TaskRun

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def start(store: Store, name: str, *inputs: tuple[str, int]) -> str:
    """A run that pinned these table versions."""
    pinned = tuple(TableInput(table, version, "d" * 64) for table, version in inputs)
    run = Run(name, "p", "running", {}, pinned, Code("c" * 64), "e" * 64, "ada", NOON)
    return store.catalog.runs.start(run, Environment("e" * 64, "3.11", {})).id


def register(store: Store, name: str, run: str | None, artifact: str = "") -> ModelVersion:
    """A model version of this run."""
    artifact = artifact or (run or name) * 10
    return store.catalog.models.register(ModelVersion(name, 0, artifact, "r" * 64, run, "ada", NOON, (), {}))


def write(store: Store, table: str, run: str | None, *, operation: Any = "append") -> int:
    """A version of a table, written inside this run."""
    rows = pl.DataFrame({"a": [1]})
    to = Table(table, watch="off")
    if run is None:
        commit = getattr(to, operation)(rows, store=store)
    else:
        with use_acting(store.catalog, run, "task"):
            commit = getattr(to, operation)(rows, store=store)
    assert commit.version is not None
    return int(commit.version)


def test_a_model_of_a_run_that_read_the_version_is_found(store: Store) -> None:
    write(store, "flights", None)
    register(store, "late", start(store, "run-1", ("flights", 1)))
    register(store, "other", start(store, "run-2", ("weather", 1)))
    assert models_trained_on(store.catalog, "flights", [1]) == [("late", 1)]
    assert models_trained_on(store.catalog, "flights", [2]) == []
    assert models_trained_on(store.catalog, "flights") == [("late", 1)]


def test_a_table_in_between_hides_no_model(store: Store) -> None:
    write(store, "flights", None)
    write(store, "features", start(store, "run-1", ("flights", 1)))
    write(store, "features", None)
    register(store, "late", start(store, "run-2", ("features", 2)))
    assert models_trained_on(store.catalog, "flights", [1]) == [("late", 1)]


def test_a_table_that_was_overwritten_in_between_carries_nothing_on(store: Store) -> None:
    write(store, "flights", None)
    write(store, "features", start(store, "run-1", ("flights", 1)))
    write(store, "features", None, operation="overwrite")
    register(store, "late", start(store, "run-2", ("features", 2)))
    assert models_trained_on(store.catalog, "flights", [1]) == []


def test_a_model_registered_later_by_hand_is_found_by_what_the_run_made(store: Store) -> None:
    run = start(store, "run-1", ("flights", 1))
    made = (ArtifactRef("model", "m" * 64, 9),)
    store.catalog.runs.record_task(TaskRun(run, "train", "train", "k" * 64, "executed", NOON, outputs=made))
    register(store, "late", None, artifact="m" * 64)
    assert models_trained_on(store.catalog, "flights", [1]) == [("late", 1)]


def test_runs_that_feed_each_other_in_a_circle_come_to_an_end(store: Store) -> None:
    write(store, "a", None)
    first = start(store, "run-1", ("a", 1), ("b", 1))
    write(store, "b", first)
    second = start(store, "run-2", ("b", 1))
    write(store, "a", second)
    store.catalog.lineage.record_reads([Read(first, "again", "table", "a", 2)])
    register(store, "late", second)
    assert models_trained_on(store.catalog, "a", [1]) == [("late", 1)]


@pytest.mark.parametrize("count", [1001])
def test_more_readers_than_a_page_are_all_followed(store: Store, count: int) -> None:
    reads = [Read(f"run-{number:04d}", "", "table", "flights", 1) for number in range(count)]
    store.catalog.lineage.record_reads(reads)
    register(store, "late", f"run-{count - 1:04d}")
    assert models_trained_on(store.catalog, "flights", [1]) == [("late", 1)]
