"""What is put down to whom, as tables and models are really used."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from trivium.lineage.walk import upstream
from trivium.models.package import open_model
from trivium.store.acting import note_read, off_the_record, use_acting
from trivium.store.store import Store
from trivium.tables.read import read_version
from trivium.tables.table import Table
from trivium.tracking.run import run
from trivium.values.lineage import Node, Read

rows = pl.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]})
numbers = Table("numbers", watch="off")


def test_what_a_script_reads_and_writes_is_put_down_to_its_run(store: Store) -> None:
    numbers.append(rows, store=store)
    with run("double", store=store) as context:
        numbers.read(store=store)
        numbers.read(store=store)
        commit = Table("doubled", watch="off").append(rows, store=store)
    assert store.catalog.lineage.reads_of(context.run) == [Read(context.run, "script", "table", "numbers", 1)]
    assert commit.run == context.run
    assert [write.table for write in store.catalog.lineage.writes_of([context.run])] == ["doubled"]


def test_nobody_is_a_reader_outside_of_a_run(store: Store) -> None:
    assert numbers.append(rows, store=store).run is None
    numbers.read(store=store)
    assert store.catalog.lineage.readers_of("numbers") == []


def test_a_read_that_is_narrowed_to_columns_records_them_and_those_of_its_condition(store: Store) -> None:
    numbers.append(rows, store=store)
    with run("narrow", store=store) as context:
        numbers.at(store=store).read(columns=["a"], where="b > 3")
    assert store.catalog.lineage.reads_of(context.run)[0].columns == ("a", "b")
    with run("wide", store=store) as context:
        numbers.at(store=store).read(where="b > 3")
    assert store.catalog.lineage.reads_of(context.run)[0].columns is None


def test_a_read_that_is_narrowed_to_partitions_records_them_and_gives_their_rows(store: Store) -> None:
    days = Table("days", time="at", watch="off")
    days.append(pl.DataFrame({"at": [datetime(2024, 1, day) for day in (1, 2, 3)]}), store=store)  # noqa: DTZ001
    with run("narrow", store=store) as context:
        rows = read_version(store, "days", partitions=("2024-01-02", "2024-01-03"))
        none = read_version(store, "days", 1, partitions=())
    assert rows.collect()["at"].dt.day().to_list() == [2, 3]
    assert none.collect().is_empty()
    assert none.collect_schema().names() == ["at"]
    assert store.catalog.lineage.reads_of(context.run)[0].partitions == ("2024-01-02", "2024-01-03")


def test_a_commit_names_the_task_that_made_it(store: Store) -> None:
    by_hand = numbers.append(rows, store=store)
    with run("double", store=store):
        commit = numbers.append(rows, store=store)
    assert (by_hand.node, commit.node) == ("", "script")
    assert store.catalog.tables.get_commit(commit.id).node == "script"


def test_a_failed_run_has_read_what_it_read(store: Store) -> None:
    numbers.append(rows, store=store)
    with pytest.raises(ZeroDivisionError), run("fails", store=store):
        1 / len(numbers.read(store=store).filter(pl.col("a") > 9).collect())
    assert len(store.catalog.lineage.readers_of("numbers")) == 1


def test_a_task_that_opens_a_model_comes_from_it(lived: Store) -> None:
    model = lived.catalog.models.get_model("late", 1)
    with run("score", store=lived) as context:
        open_model(lived.blobs, model.artifact)
    assert Node("model", "late", 1) in upstream(lived.catalog, Node("run", context.run)).nodes


def test_what_judging_a_gate_opens_is_no_input_of_the_model(lived: Store) -> None:
    run_id = lived.catalog.models.get_model("late", 2).run
    assert run_id is not None
    assert {read.kind for read in lived.catalog.lineage.reads_of(run_id)} == {"table"}


def test_off_the_record_ends_with_its_block(store: Store) -> None:
    with use_acting(store.catalog, "run-1", "task"):
        with off_the_record():
            note_read("table", "hidden", 1)
        note_read("table", "seen", 1)
    assert [read.name for read in store.catalog.lineage.reads_of("run-1")] == ["seen"]
