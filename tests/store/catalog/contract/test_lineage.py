"""What every catalog guarantees about lineage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from trivium.store.catalog import Catalog
from trivium.store.catalog.tables import Draft
from trivium.values.lineage import Read, TableRead
from trivium.values.models import ModelVersion
from trivium.values.runs import ArtifactRef, Code, Environment, Run, TableInput, TaskRun
from trivium.values.tables import Column, Commit, DataFile, TableSpec

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
RUN = Run("run-1", "p", "running", {}, (TableInput("flights", 3, "d" * 64),), Code("c" * 64), "e" * 64, "ada", NOON)
TASK = TaskRun("run-1", "train", "train", "k" * 64, "executed", NOON, outputs=(ArtifactRef("model", "m" * 64, 9),))
MODEL = ModelVersion("late", 0, "m" * 64, "r" * 64, None, "ada", NOON, (), {})


def start(catalog: Catalog, name: str = "run-1") -> Run:
    return catalog.runs.start(replace(RUN, id=name), Environment("e" * 64, "3.11", {}))


def publish(
    catalog: Catalog,
    path: str,
    run: str | None,
    *,
    operation: Any = "append",
    removed: Sequence[str] = (),
    partition: str = "all",
    more: str = "",
) -> int:
    """A version of flights with this file more, and `more` in the partition y."""
    catalog.tables.declare(TableSpec("flights", watch="off"), actor="ada")
    files = {path: partition, **({more: "y"} if more else {})}
    added = tuple(DataFile(name, part, 1, 1, "f" * 64, content="1") for name, part in files.items())
    commit = Commit(
        f"commit-{path}-{operation}", "flights", None, "valid", operation, tuple(files.values()), 0,
        (Column("a", "int64"),), added, tuple(removed), None, "ada", run, NOON,
    )  # fmt: skip
    published = catalog.tables.publish(Draft(commit, (), ()), actor="ada")
    assert published.version is not None
    return published.version


def writers(catalog: Catalog, version: int) -> list[str | None]:
    return [write.run for write in catalog.lineage.writers_of("flights", version)]


def readers(catalog: Catalog, version: int | None) -> list[tuple[str, int]]:
    return [(read.run, read.version) for read in catalog.lineage.readers_of("flights", version)]


def test_a_started_run_is_a_reader_of_its_inputs(catalog: Catalog) -> None:
    start(catalog)
    assert catalog.lineage.reads_of("run-1") == [Read("run-1", "", "table", "flights", 3)]
    assert catalog.lineage.readers_of("flights") == [Read("run-1", "", "table", "flights", 3)]
    assert catalog.lineage.readers_of("weather") == []


def test_the_same_read_twice_is_one_and_its_columns_are_joined(catalog: Catalog) -> None:
    read = Read("run-1", "train", "table", "flights", 3, ("a",))
    catalog.lineage.record_reads([read, replace(read, columns=("b", "a"))])
    assert catalog.lineage.reads_of("run-1") == [replace(read, columns=("a", "b"))]
    catalog.lineage.record_reads([replace(read, columns=None)])
    catalog.lineage.record_reads([read])
    assert catalog.lineage.reads_of("run-1") == [replace(read, columns=None)]


def test_the_partitions_of_a_read_repeated_are_joined(catalog: Catalog) -> None:
    read = Read("run-1", "train", "table", "flights", 3, None, ("x",))
    catalog.lineage.record_reads([read, replace(read, partitions=("y",))])
    assert catalog.lineage.reads_of("run-1") == [replace(read, partitions=("x", "y"))]
    catalog.lineage.record_reads([replace(read, partitions=None)])
    assert catalog.lineage.reads_of("run-1") == [replace(read, partitions=None)]


def test_the_writer_of_a_version_is_known_and_appended_versions_carry_it(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1")
    publish(catalog, "b", None)
    publish(catalog, "c", "run-2")
    assert writers(catalog, 1) == ["run-1"]
    assert writers(catalog, 3) == ["run-2", None, "run-1"]
    write = catalog.lineage.writes_of(["run-2"])[0]
    assert (write.table, write.version, write.operation, write.actor) == ("flights", 3, "append", "ada")


def test_a_version_is_carried_until_all_of_it_was_overwritten(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1")
    publish(catalog, "b", "run-2", partition="other")
    publish(catalog, "c", "run-3", operation="overwrite")
    assert writers(catalog, 2) == ["run-2", "run-1"]
    assert writers(catalog, 3) == ["run-3", "run-2"]


def test_rows_that_were_rewritten_count_as_carried(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1")
    publish(catalog, "b", "run-2", operation="upsert", removed=("a",))
    assert writers(catalog, 2) == ["run-2", "run-1"]


def test_a_restored_file_carries_its_writer_again(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1")
    publish(catalog, "b", "run-2", operation="overwrite")
    publish(catalog, "a", "run-3", operation="restore", removed=("b",))
    assert writers(catalog, 2) == ["run-2"]
    assert writers(catalog, 3) == ["run-3", "run-1"]


def test_what_a_version_carried_is_known_after_its_files_were_given_up(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1", partition="x")
    publish(catalog, "b", "run-2", partition="y")
    publish(catalog, "c", "run-3", operation="overwrite", partition="x")
    publish(catalog, "d", "run-4", operation="upsert", removed=("b",), partition="y")
    publish(catalog, "e", "run-5")
    before = {version: writers(catalog, version) for version in range(1, 6)}
    assert before[5] == ["run-5", "run-4", "run-3", "run-2"]
    freed = catalog.retention.collect("flights", [1, 2, 3], because="room", actor="ada")
    assert {file.path for file in freed} == {"a", "b"}
    assert {version: writers(catalog, version) for version in range(1, 6)} == before


def test_a_commit_of_which_a_part_is_forgotten_is_carried_on(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1", partition="x", more="b")
    publish(catalog, "c", "run-2", operation="upsert", removed=("a",), partition="x")
    publish(catalog, "d", "run-3", operation="overwrite", partition="y")
    assert writers(catalog, 3) == ["run-3", "run-2", "run-1"]
    freed = catalog.retention.collect("flights", [1], because="room", actor="ada")
    assert {file.path for file in freed} == {"a"}
    assert writers(catalog, 3) == ["run-3", "run-2", "run-1"]


def test_readers_of_a_version_are_those_of_later_ones_that_carry_it(catalog: Catalog) -> None:
    for path, operation in (("a", "append"), ("b", "append"), ("c", "overwrite")):
        publish(catalog, path, None, operation=operation)
    catalog.lineage.record_reads([Read(f"run-{number}", "t", "table", "flights", number) for number in (1, 2, 3)])
    assert readers(catalog, 1) == [("run-2", 2), ("run-1", 1)]
    assert readers(catalog, 3) == [("run-3", 3)]
    assert readers(catalog, None) == [("run-3", 3), ("run-2", 2), ("run-1", 1)]


def test_runs_that_read_exactly_these_versions_are_found_each_once(catalog: Catalog) -> None:
    reads = [Read("run-1", task, "table", "flights", version) for task in "ab" for version in (1, 2)]
    catalog.lineage.record_reads([*reads, Read("run-2", "a", "table", "flights", 3)])
    assert catalog.lineage.runs_reading("flights", [1, 2]) == ["run-1"]
    assert sorted(catalog.lineage.runs_reading("flights")) == ["run-1", "run-2"]
    assert catalog.lineage.runs_reading("flights", range(10, 2000)) == catalog.lineage.runs_reading("flights", []) == []


def test_what_many_runs_wrote_is_found_at_once(catalog: Catalog) -> None:
    publish(catalog, "a", "run-1200")
    catalog.models.register(replace(MODEL, run="run-3"))
    runs = [f"run-{number}" for number in range(1500)]
    assert [write.run for write in catalog.lineage.writes_of(runs)] == ["run-1200"]
    assert [model.run for model in catalog.lineage.models_of(runs)] == ["run-3"]


def test_readers_and_writers_come_in_pages_newest_first(catalog: Catalog) -> None:
    for path in "abc":
        publish(catalog, path, f"run-{path}")
    reads = [Read(f"run-{path}", task, "table", "flights", 3) for path in "abc" for task in ("s", "t")]
    catalog.lineage.record_reads(reads)
    page = catalog.lineage.readers_of("flights", 2, limit=4)
    assert [*page, *catalog.lineage.readers_of("flights", 2, before=page[-1], limit=4)] == reads[::-1]
    first = catalog.lineage.writers_of("flights", 3, limit=2)
    assert [write.version for write in first] == [3, 2]
    assert [write.version for write in catalog.lineage.writers_of("flights", 3, before=2)] == [1]
    assert [write.version for write in catalog.lineage.writers_of("flights")] == [3, 2, 1]


def test_a_model_belongs_to_the_run_that_registered_it_and_to_those_that_made_its_artifact(catalog: Catalog) -> None:
    start(catalog)
    catalog.runs.record_task(TASK)
    by_hand = catalog.models.register(MODEL)
    registered = catalog.models.register(replace(MODEL, name="other", artifact="n" * 64, run="run-2"))
    assert catalog.lineage.models_of(["run-1"]) == [by_hand]
    assert catalog.lineage.models_of(["run-2"]) == [registered]
    assert catalog.lineage.blobs_of("run-1") == [("train", "m" * 64)]


def test_a_blob_leads_to_its_models_and_readers(catalog: Catalog) -> None:
    model = catalog.models.register(MODEL)
    read = Read("run-1", "score", "blob", "m" * 64)
    catalog.lineage.record_reads([read])
    assert catalog.lineage.models_of_blob("m" * 64) == catalog.lineage.models_of_blob("r" * 64) == [model]
    assert catalog.lineage.blob_readers("m" * 64) == [read]
    assert catalog.lineage.readers_of("m" * 64) == []


def test_a_position_only_goes_forward(catalog: Catalog) -> None:
    assert catalog.lineage.position("openlineage") == 0
    for seq in (5, 3):
        catalog.lineage.advance("openlineage", seq)
    assert catalog.lineage.position("openlineage") == 5
    assert catalog.lineage.position("another") == 0


def test_changes_are_told_of_tables_that_a_run_ever_wrote_and_from_a_version_on(catalog: Catalog) -> None:
    publish(catalog, "a", None)
    assert catalog.lineage.changes_of(["flights", "weather"]) == []
    publish(catalog, "b", "run-1", removed=["a"], operation="delete")
    first, second = catalog.lineage.changes_of(["flights", "weather"])
    assert (first.version, first.run, first.replaced, first.partitions) == (1, None, False, ("all",))
    assert (second.version, second.run, second.replaced, second.kept) == (2, "run-1", True, True)
    assert catalog.lineage.changes_since({"flights": 2, "weather": 0}) == [second]


def test_the_files_that_joined_or_left_a_table_are_told(catalog: Catalog) -> None:
    publish(catalog, "a", None)
    publish(catalog, "b", None)
    publish(catalog, "c", None, removed=["a"], operation="delete")
    found = catalog.lineage.spans_since({"flights": 1, "weather": 1})
    assert sorted((span.added, span.removed) for span in found if span.removed) == [(1, 3)]
    assert sorted(span.added for span in found if span.removed is None) == [2, 3]


def test_the_reads_of_many_runs_name_the_task_only_where_it_read_some_partitions(catalog: Catalog) -> None:
    start(catalog)
    whole = Read("run-1", "train", "table", "flights", 3, ("a",))
    narrow = Read("run-1", "day", "table", "flights", 3, None, ("x",))
    catalog.lineage.record_reads([whole, narrow, Read("run-1", "train", "blob", "b" * 64), replace(whole, run="run-2")])
    assert set(catalog.lineage.reads_by(["run-1", "run-3"])) == {
        TableRead("run-1", "", "flights", 3, None),
        TableRead("run-1", "day", "flights", 3, ("x",)),
    }


def test_who_made_an_artifact_is_found_for_many_at_once(catalog: Catalog) -> None:
    start(catalog)
    catalog.runs.record_task(TASK)
    assert catalog.lineage.makers_of(["m" * 64, "x" * 64]) == [("m" * 64, "run-1")]
