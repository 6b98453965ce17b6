"""Upsert, delete, rename, widen, restore, and the versions that they make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, NotFound, SchemaMismatch
from trivium.store.store import Store
from trivium.tables.compact import compact_table

PEOPLE = tv.Table("people", key="id", watch="off")
VISITS = tv.Table("visits", key="id", time="at", watch="off")


def people(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String}, orient="row")


def visits(*rows: tuple[int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [(number, datetime(2024, 1, day, 12, tzinfo=UTC).replace(tzinfo=None), cost) for number, day, cost in rows],
        schema={"id": pl.Int64, "at": pl.Datetime("us"), "cost": pl.Float64},
        orient="row",
    )


def names(store: Store, version: int | None = None) -> list[tuple[Any, ...]]:
    return sorted(PEOPLE.read(version, store=store).collect().rows())


@pytest.fixture
def two(store: Store) -> Store:
    PEOPLE.append(people((1, "ada"), (2, "bob")), store=store)
    PEOPLE.append(people((3, "cyd")), store=store)
    return store


def test_an_upsert_replaces_rows_of_the_same_key_and_adds_the_others(two: Store) -> None:
    commit = PEOPLE.upsert(people((2, "bert"), (4, "dan")), store=two)
    assert names(two) == [(1, "ada"), (2, "bert"), (3, "cyd"), (4, "dan")]
    assert (commit.version, commit.operation, commit.rows) == (3, "upsert", 4)
    assert names(two, 2) == [(1, "ada"), (2, "bob"), (3, "cyd")]


def test_an_upsert_leaves_files_without_its_keys_alone(two: Store) -> None:
    before = {file.path for file in two.catalog.tables.files("people", 2)}
    PEOPLE.upsert(people((3, "kit")), store=two)
    after = {file.path for file in two.catalog.tables.files("people", 3)}
    assert len(before & after) == 1


def test_the_first_upsert_makes_the_table(store: Store) -> None:
    assert PEOPLE.upsert(people((1, "ada")), store=store).version == 1


def test_a_key_given_twice_is_refused_because_chance_would_choose(two: Store) -> None:
    with pytest.raises(SchemaMismatch, match="2 rows for table 'people' share their key"):
        PEOPLE.upsert(people((7, "a"), (7, "b")), store=two)
    assert PEOPLE.get_latest(store=two).version == 2


def test_a_table_without_a_key_has_no_upsert(store: Store) -> None:
    with pytest.raises(Misuse, match="is declared without a key"):
        tv.Table("log").upsert(people((1, "a")), store=store)


def test_an_upsert_moves_a_row_to_another_partition(store: Store) -> None:
    VISITS.append(visits((1, 1, 5.0), (2, 1, 6.0)), store=store)
    commit = VISITS.upsert(visits((1, 2, 5.5)), store=store)
    assert commit.partitions == ("2024-01-01", "2024-01-02")
    assert sorted(VISITS.read(store=store).select("id", "cost").collect().rows()) == [(1, 5.5), (2, 6.0)]
    assert {each.partition: each.profile.rows for each in store.catalog.tables.judgements(commit.id)} == {
        "2024-01-01": 1,
        "2024-01-02": 1,
    }


def test_an_upsert_is_judged_with_the_rows_that_stay(store: Store) -> None:
    strict = tv.Table("visits", key="id", time="at", watch="off", checks=[tv.row_count(at_least=2)])
    strict.append(visits((1, 1, 5.0), (2, 1, 6.0)), store=store)
    assert strict.upsert(visits((1, 1, 7.0)), store=store).state == "valid"


def test_an_upsert_that_a_check_blocks_is_kept_aside(store: Store) -> None:
    strict = tv.Table("visits", key="id", time="at", watch="off", checks=[tv.rule("cost > 0")])
    strict.append(visits((1, 1, 5.0)), store=store)
    assert strict.upsert(visits((1, 1, -5.0)), store=store).state == "quarantined"
    assert strict.read(store=store).collect()["cost"].to_list() == [5.0]


def test_the_same_idempotency_key_upserts_once(two: Store) -> None:
    first = PEOPLE.upsert(people((1, "x")), idempotency_key="k", store=two)
    assert PEOPLE.upsert(people((1, "y")), idempotency_key="k", store=two) == first


def test_a_delete_takes_rows_out_of_the_newest_version_only(two: Store) -> None:
    commit = PEOPLE.delete("name = 'bob' OR id > 2", store=two)
    assert names(two) == [(1, "ada")]
    assert (commit.operation, commit.rows) == ("delete", 1)
    assert len(names(two, 2)) == 3


def test_what_is_unknown_is_not_deleted(store: Store) -> None:
    PEOPLE.append(pl.DataFrame({"id": [1, 2], "name": [None, "bob"]}), store=store)
    PEOPLE.delete("name <> 'ada'", store=store)
    assert names(store) == [(1, None)]


def test_a_delete_without_a_matching_row_makes_no_version(two: Store) -> None:
    assert PEOPLE.delete("id = 99", store=two).version == 2


@pytest.mark.parametrize("where", ["nope = 1", "id = (SELECT 1)", "id = 1; DROP TABLE x", "count(*) > 1"])
def test_a_condition_that_is_none_is_refused(two: Store, where: str) -> None:
    with pytest.raises(Misuse):
        PEOPLE.delete(where, store=two)


def test_a_partition_without_rows_is_no_history_any_more(store: Store) -> None:
    VISITS.append(visits((1, 1, 5.0), (2, 2, 6.0)), store=store)
    VISITS.delete("id = 1", store=store)
    profiles = [each for each in store.catalog.tables.profiles("visits") if each.rows]
    assert [each.partition for each in profiles] == ["2024-01-02"]


def test_a_renamed_column_has_its_new_name_and_older_versions_the_old_one(two: Store) -> None:
    commit = PEOPLE.rename({"name": "called"}, store=two)
    assert (commit.operation, commit.rows) == ("rename", 3)
    assert PEOPLE.read(store=two).collect().columns == ["id", "called"]
    assert PEOPLE.read(2, store=two).collect().columns == ["id", "name"]
    assert PEOPLE.append(people((9, "z")).rename({"name": "called"}), store=two).state == "valid"


def test_what_was_learned_of_a_column_goes_with_its_new_name(store: Store) -> None:
    watched = tv.Table("visits", key="id", time="at")
    for day in range(1, 12):
        watched.append(visits(*[(day * 10 + n, day, 5.0 + n) for n in range(10)]), store=store)
    watched.rename({"cost": "price"}, store=store)
    more = visits(*[(120 + n, 12, 5.0 + n) for n in range(10)]).rename({"cost": "price"})
    assert watched.append(more, store=store).state == "valid"
    assert {column.name for profile in store.catalog.tables.profiles("visits") for column in profile.columns} == {
        "id",
        "at",
        "price",
    }


def test_what_was_learned_goes_back_to_the_old_name_with_a_restore(store: Store) -> None:
    watched = tv.Table("visits", key="id", time="at")
    for day in range(1, 16):
        watched.append(visits(*[(day * 10 + n, day, 5.0 + n) for n in range(10)]), store=store)
    watched.rename({"cost": "price"}, store=store)
    renamed = visits(*[(160 + n, 16, 5.0 + n) for n in range(10)]).rename({"cost": "price"})
    assert watched.append(renamed, store=store).state == "valid"
    watched.restore(15, store=store)
    assert watched.append(visits(*[(170 + n, 17, 5.0 + n) for n in range(10)]), store=store).state == "valid"


def test_whoever_reads_a_renamed_column_is_told_of_its_alerts(store: Store) -> None:
    watched = tv.Table("visits", key="id", time="at", watch="off", checks=[tv.rule("cost > 0", severity="warn")])
    assert watched.append(visits((1, 1, -5.0)), store=store).state == "flagged"
    tv.Table("visits", key="id", time="at", watch="off").append(visits((2, 2, 5.0)), store=store)
    watched.rename({"cost": "price"}, store=store)
    with pytest.warns(tv.FlaggedData, match="cost"):
        watched.at(store=store).read(columns=["price"])
    with pytest.warns(tv.FlaggedData, match="cost"):
        watched.at(1, store=store).read(columns=["cost"])


@pytest.mark.parametrize(
    ("names_", "problem"),
    [
        ({"id": "key"}, "names 'id' \\(key\\)"),
        ({"name": "id"}, "would be called id"),
        ({"x": "y"}, "no column x"),
        ({}, "none"),
    ],
)
def test_a_renaming_that_breaks_the_table_is_refused(two: Store, names_: dict[str, str], problem: str) -> None:
    with pytest.raises((Misuse, NotFound), match=problem):
        PEOPLE.rename(names_, store=two)


def test_a_widened_column_has_the_same_values_in_the_wider_type(store: Store) -> None:
    table = tv.Table("numbers", watch="off")
    table.append(pl.DataFrame({"n": pl.Series([1, 2], dtype=pl.Int32)}), store=store)
    table.widen("n", "int64", store=store)
    assert table.read(store=store).collect().schema == {"n": pl.Int64}
    assert table.append(pl.DataFrame({"n": [1 << 40]}), store=store).rows == 3


def test_a_change_of_type_that_could_lose_a_value_is_refused_with_the_reason(two: Store) -> None:
    with pytest.raises(SchemaMismatch, match="int64, which has no wider type, so it cannot become int32"):
        PEOPLE.widen("id", "int32", store=two)


def test_a_restored_version_is_the_next_one_and_has_the_same_content(two: Store) -> None:
    before = two.catalog.tables.find_version("people", 2)
    PEOPLE.delete("id = 1", store=two)
    commit = PEOPLE.restore(2, store=two)
    assert (commit.version, commit.operation) == (4, "restore")
    assert before is not None
    assert (commit.digest, commit.rows) == (before.digest, before.rows)
    assert names(two) == names(two, 2)
    assert names(two, 3) == [(2, "bob"), (3, "cyd")]


def test_restoring_what_is_there_makes_no_version(two: Store) -> None:
    assert PEOPLE.restore(2, store=two).version == 2


def test_a_restored_version_has_the_columns_of_its_time(two: Store) -> None:
    PEOPLE.rename({"name": "called"}, store=two)
    assert [column.name for column in PEOPLE.restore(2, store=two).columns] == ["id", "name"]


def test_a_restored_partition_is_known_as_it_was(store: Store) -> None:
    watched = tv.Table("visits", key="id", time="at", watch="warn")
    watched.append(visits((1, 1, 5.0)), store=store)
    watched.overwrite(visits((2, 1, 500.0)), store=store)
    watched.append(visits((3, 2, 5.0)), store=store)
    watched.restore(1, store=store)
    known = {each.partition: each for each in store.catalog.tables.profiles("visits")}
    assert (known["2024-01-01"].columns[2].facts["mean"], known["2024-01-02"].rows) == (5.0, 0)


def test_a_version_is_found_by_number_time_snapshot_and_run(two: Store, clock: Any) -> None:
    commit = PEOPLE.get_latest(store=two)
    tv_snapshot = two.catalog.retention
    assert PEOPLE.at(1, store=two).version == 1
    assert PEOPLE.at(time=commit.committed_at, store=two).version == 2
    assert PEOPLE.at(store=two).read(columns=["name"], where="ID = 1").collect().rows() == [("ada",)]
    with pytest.raises(NotFound, match="had no published version at 2001"):
        PEOPLE.at(time=datetime(2001, 1, 1, tzinfo=UTC), store=two)
    with pytest.raises(Misuse, match="Say one of"):
        PEOPLE.at(1, time="2024-01-01", store=two)
    with pytest.raises(NotFound, match="no snapshot 'q1'"):
        PEOPLE.at(snapshot="q1", store=two)
    assert tv_snapshot.list_snapshots() == []


def test_a_text_that_is_no_moment_is_refused_with_an_example(two: Store) -> None:
    with pytest.raises(Misuse, match="'yesterday' is no moment; write one such as '2024-05-01T08:00'"):
        PEOPLE.at(time="yesterday", store=two)


def test_several_tables_are_committed_at_one_moment(store: Store) -> None:
    rows = {PEOPLE: people((1, "ada")), VISITS: visits((1, 1, 5.0))}
    made = tv.commit_together(rows, idempotency_key="k", store=store)
    assert [commit.version for commit in made] == [1, 1]
    assert tv.commit_together(rows, idempotency_key="k", store=store) == made


def test_one_blocked_part_keeps_the_whole_common_commit_aside(store: Store) -> None:
    strict = tv.Table("visits", key="id", time="at", watch="off", checks=[tv.rule("cost > 0")])
    made = tv.commit_together({PEOPLE: people((1, "a")), strict: visits((1, 1, -5.0))}, store=store)
    assert [commit.state for commit in made] == ["quarantined", "quarantined"]
    assert store.catalog.tables.find_version("people") is None


def test_a_snapshot_takes_the_tables_as_they_are(two: Store) -> None:
    VISITS.append(visits((1, 1, 5.0)), store=two)
    assert tv.snapshot("q1", PEOPLE, VISITS, because="the exam", store=two).versions == {"people": 2, "visits": 1}


def test_a_snapshot_of_no_table_is_refused(two: Store) -> None:
    with pytest.raises(Misuse, match="Snapshot 'none' names no table"):
        tv.snapshot("none", store=two)


def test_many_small_commits_are_compacted_without_a_version_and_without_a_change(store: Store) -> None:
    for number in range(40):
        PEOPLE.append(people((number, f"name {number}")), store=store)
    assert PEOPLE.get_latest(store=store).version == 40
    assert len(store.catalog.tables.files("people", 40)) == 40 - 32 + 1
    assert [row[0] for row in PEOPLE.read(store=store).collect().rows()] == list(range(40))
    assert [row[0] for row in PEOPLE.read(20, store=store).collect().rows()] == list(range(20))
    assert compact_table(store, "people") == 9
    assert PEOPLE.read(store=store).collect()["id"].to_list() == list(range(40))


def test_compaction_changes_no_digest_and_what_follows_counts_on(store: Store) -> None:
    for number in range(3):
        PEOPLE.append(people((number, f"name {number}")), store=store)
    before = PEOPLE.get_latest(store=store)
    compact_table(store, "people")
    assert PEOPLE.get_latest(store=store) == before
    PEOPLE.delete("id = 1", store=store)
    assert PEOPLE.restore(3, store=store).digest == before.digest


def test_an_overwrite_made_before_a_compaction_is_no_conflict(store: Store) -> None:
    VISITS.append(visits((1, 1, 5.0)), store=store)
    VISITS.append(visits((2, 1, 5.0)), store=store)
    compact_table(store, "visits")
    assert VISITS.overwrite(visits((3, 1, 1.0)), store=store).rows == 1
