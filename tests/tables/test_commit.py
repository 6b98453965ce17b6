"""What a commit keeps, refuses and replaces."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trivium.checks.kinds import rule
from trivium.errors import InvalidName, Misuse, NotFound, SchemaMismatch, UnsupportedValue
from trivium.store.store import Store
from trivium.tables.read import FlaggedData, read_commit, read_version
from trivium.tables.table import Table
from trivium.values.tables import Commit

Readings = Callable[..., pl.DataFrame]
OPEN = Table("readings", key="id", time="at", watch="off")
DAYS: list[str | None] = ["2024-01-01 10:00:00", "2024-01-02 10:00:00", "2024-01-01 11:00:00"]


def ids(rows: pl.LazyFrame) -> list[int]:
    return sorted(rows.collect()["id"].to_list())


def partitions(commit: Commit) -> dict[str, int]:
    return {file.partition: file.rows for file in commit.added}


def test_rows_come_back_as_they_went(store: Store, readings: Readings) -> None:
    rows = readings([1, 2, 3], DAYS, name=["a", None, "ä🙂"])
    commit = OPEN.append(rows)
    assert (commit.version, commit.state, commit.rows, commit.actor) == (1, "valid", 3, "ada")
    assert_frame_equal(OPEN.read().sort("id").collect(), rows)


def test_a_check_is_no_bare_text(store: Store) -> None:
    with pytest.raises(Misuse, match=r"'x > 0' is no check of table 'readings'; write tv.rule\('x > 0'\)"):
        Table("readings", checks=["x > 0"])  # type: ignore[list-item] # what a user may write


def test_a_commit_is_told_in_one_line(store: Store, readings: Readings) -> None:
    commit = OPEN.append(readings([1, 2, 3], DAYS))
    assert repr(commit) == f"Commit('{commit.id}': append of 'readings', valid as version 1, 3 rows)"


def test_rows_are_committed_by_the_day(store: Store, readings: Readings) -> None:
    commit = OPEN.append(readings([1, 2, 3], DAYS))
    assert commit.partitions == ("2024-01-01", "2024-01-02")
    assert partitions(commit) == {"2024-01-01": 2, "2024-01-02": 1}


def test_rows_are_committed_by_the_hour(store: Store, readings: Readings) -> None:
    commit = Table("readings", time="at", every="1h", watch="off").append(readings([1, 2, 3], DAYS))
    assert partitions(commit) == {"2024-01-01T10": 1, "2024-01-01T11": 1, "2024-01-02T10": 1}


def test_dates_are_times_too(store: Store) -> None:
    rows = pl.DataFrame({"id": [1, 2], "at": [date(2024, 1, 1), date(2024, 1, 2)]})
    assert Table("daily", time="at", watch="off").append(rows).partitions == ("2024-01-01", "2024-01-02")
    assert Table("hourly", time="at", every="1h", watch="off").append(rows).partitions[0] == "2024-01-01T00"


def test_times_in_a_zone_are_partitioned_by_its_days(store: Store) -> None:
    moment = datetime(2024, 1, 1, 3, tzinfo=UTC)
    rows = pl.DataFrame({"id": [1], "at": [moment]}).with_columns(pl.col("at").dt.convert_time_zone("America/New_York"))
    assert Table("zoned", time="at", watch="off").append(rows).partitions == ("2023-12-31",)
    assert Table("zoned", time="at").read().collect().equals(rows)


def test_a_table_without_time_has_one_partition(store: Store, readings: Readings) -> None:
    assert Table("readings", watch="off").append(readings([1, 2, 3], DAYS)).partitions == ("all",)


@pytest.mark.parametrize("every", ["1w", "", "2h", "day"])
def test_other_widths_of_a_partition_are_refused(every: str) -> None:
    with pytest.raises(Misuse, match="'1d' or '1h' wide"):
        Table("readings", time="at", every=every)


WRONG: list[tuple[Callable[[pl.DataFrame], Any], type[Exception], str]] = [
    (lambda rows: rows.drop("at"), SchemaMismatch, "lack its time column 'at'"),
    (lambda rows: rows.with_columns(at=pl.lit(1)), SchemaMismatch, "holds Int32; give timestamps or dates"),
    (
        lambda rows: rows.with_columns(at=pl.lit("2024/01/31")),
        SchemaMismatch,
        "holds text such as '2024/01/31', and only 2024-01-31 and .*; give timestamps or dates",
    ),
    (lambda rows: rows.drop("id"), SchemaMismatch, "lack its key 'id'"),
    (lambda rows: rows.with_columns(id=pl.lit(None, pl.Int64)), SchemaMismatch, r"3 rows .* have no key 'id'"),
    (lambda rows: rows.clear(), Misuse, "no rows to commit"),
    (lambda rows: pl.DataFrame(), Misuse, "no rows to commit"),
    (lambda rows: rows.with_columns(id=pl.Series([object()] * 3)), UnsupportedValue, "holds Python objects"),
    (lambda rows: 7, UnsupportedValue, "is not a table"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG)
def test_rows_that_cannot_belong_to_the_table_are_refused_and_change_nothing(
    store: Store, readings: Readings, change: Callable[[pl.DataFrame], Any], error: type[Exception], message: str
) -> None:
    rows = readings([1, 2, 3], DAYS)
    before = OPEN.append(rows)
    with pytest.raises(error, match=message):
        OPEN.append(change(rows))
    assert OPEN.get_latest() == before
    assert ids(OPEN.read()) == [1, 2, 3]


def test_a_row_without_a_time_is_refused_with_their_number(store: Store, readings: Readings) -> None:
    with pytest.raises(SchemaMismatch, match=r"2 of 3 rows .* have no 'at', so they belong to no partition"):
        OPEN.append(readings([1, 2, 3], [DAYS[0], None, None]))


def test_not_a_number_stays_not_a_number(store: Store, readings: Readings) -> None:
    OPEN.append(readings([1], DAYS[:1], y=[float("nan")], z=[float("inf")]))
    row = OPEN.read().collect().to_dicts()[0]
    assert (str(row["y"]), row["z"]) == ("nan", float("inf"))


def test_a_column_of_any_name_is_kept(store: Store, readings: Readings) -> None:
    odd = {"__partition": ["p"], "a b": [1], "ä": [2], "x;--": [3], "zzz+": [4], "": [5]}
    OPEN.append(readings([1], DAYS[:1], **odd))
    row = OPEN.read().collect().to_dicts()[0]
    assert {name: [row[name]] for name in odd} == odd


def test_a_new_column_is_null_before_and_an_absent_one_is_null_after(store: Store, readings: Readings) -> None:
    OPEN.append(readings([1], DAYS[:1], old=["a"]))
    OPEN.append(readings([2], DAYS[1:2], new=[7]))
    rows = OPEN.read().sort("id").collect()
    assert (rows["old"].to_list(), rows["new"].to_list()) == (["a", None], [None, 7])
    assert [column.name for column in OPEN.get_latest().columns] == ["id", "at", "x", "old", "new"]


@pytest.mark.parametrize("values", [["a"], [[1]], [{"a": 1}], [7]])
def test_a_column_without_values_yet_takes_the_type_of_its_first(
    store: Store, readings: Readings, values: list[Any]
) -> None:
    OPEN.append(readings([1], DAYS[:1], y=[None]))
    OPEN.append(readings([2], DAYS[1:2], y=values))
    OPEN.append(readings([3], DAYS[2:3], y=[None]))
    assert OPEN.read().sort("id").collect()["y"].to_list() == [None, *values, None]


@pytest.mark.parametrize("values", [["seven"], [True], [date(2024, 1, 1)], [1.5], [[1]]])
def test_a_column_in_another_type_is_refused_and_loses_nothing(
    store: Store, readings: Readings, values: list[Any]
) -> None:
    OPEN.append(readings([1], DAYS[:1], y=[7]))
    with pytest.raises(SchemaMismatch, match="Column 'y' of table 'readings' is int64; these rows have"):
        OPEN.append(readings([2], DAYS[1:2], y=values))
    assert OPEN.read().collect()["y"].to_list() == [7]
    assert not list((store.lake.root / "readings" / "2024-01-02").glob("*"))


@pytest.mark.parametrize(
    ("first", "then"),
    [([7], [2.0]), ([1.5], [2]), ([7], pl.Series([2], dtype=pl.Int16)), (["a"], pl.Series(["b"], dtype=pl.Categorical)),
     ([datetime(2024, 1, 1)], [date(2024, 1, 2)])],  # noqa: DTZ001 # times without a zone
)  # fmt: skip
def test_another_type_is_converted_where_every_value_survives(
    store: Store, readings: Readings, first: Any, then: Any
) -> None:
    OPEN.append(readings([1], DAYS[:1], y=first))
    OPEN.append(readings([2], DAYS[1:2], y=then))
    kept = OPEN.read().sort("id").collect()["y"]
    assert kept.dtype == pl.Series(first).dtype
    assert kept[1] == pl.Series(then).cast(kept.dtype)[0]


def test_an_overwrite_replaces_only_its_partitions(store: Store, readings: Readings) -> None:
    OPEN.append(readings([1, 2, 3], DAYS))
    commit = OPEN.overwrite(readings([4], DAYS[:1]))
    assert (commit.version, commit.rows, commit.operation) == (2, 2, "overwrite")
    assert (ids(OPEN.read()), ids(OPEN.read(1))) == ([2, 4], [1, 2, 3])


def test_an_overwrite_of_a_new_table_is_its_first_version(store: Store, readings: Readings) -> None:
    assert OPEN.overwrite(readings([1], DAYS[:1])).version == 1
    assert ids(OPEN.read()) == [1]


def test_every_version_can_be_read_again(store: Store, readings: Readings) -> None:
    for number in range(1, 6):
        OPEN.append(readings([number], DAYS[:1]))
    assert [ids(OPEN.read(version)) for version in range(1, 6)] == [list(range(1, n + 1)) for n in range(1, 6)]


@pytest.mark.parametrize("version", [0, -1, 2])
def test_a_version_that_is_not_there_is_not_found(store: Store, readings: Readings, version: int) -> None:
    OPEN.append(readings([1], DAYS[:1]))
    with pytest.raises(NotFound, match=f"Table 'readings' has no version {version}; `trivium tables log readings`"):
        OPEN.read(version)


def test_a_table_that_nobody_declared_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="There is no table 'readings'"):
        OPEN.read()


def test_the_same_idempotency_key_commits_once(store: Store, readings: Readings) -> None:
    first = OPEN.append(readings([1], DAYS[:1]), idempotency_key="day-1")
    assert OPEN.append(readings([2], DAYS[1:2]), idempotency_key="day-1") == first
    assert ids(OPEN.read()) == [1]


def test_a_quarantined_commit_is_returned_and_not_read(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[rule("x > 0")], watch="off")
    table.append(readings([1], DAYS[:1]))
    kept = table.append(readings([-2], DAYS[1:2]))
    assert (kept.state, kept.version, kept.rows) == ("quarantined", None, 1)
    assert ids(table.read()) == [1]
    assert ids(read_commit(store, kept.id)) == [-2]
    assert [alert.partition for alert in store.catalog.alerts.list_blocking(["readings"])] == ["2024-01-02"]


def test_repaired_rows_are_published_and_lift_the_block(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[rule("x > 0")], watch="off")
    table.append(readings([-2], DAYS[1:2]))
    assert table.append(readings([2], DAYS[1:2])).state == "valid"
    assert store.catalog.alerts.list_blocking(["readings"]) == []


def test_a_table_with_nothing_but_a_quarantined_commit_has_no_version(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[rule("x > 0")], watch="off")
    table.append(readings([-2], DAYS[1:2]))
    with pytest.raises(NotFound, match="has no published version yet"):
        table.read()


def test_reading_a_flagged_version_warns_until_its_alerts_are_answered(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[rule("x > 0", severity="warn")], watch="off")
    assert table.append(readings([-1], DAYS[:1])).state == "flagged"
    with pytest.warns(FlaggedData, match="readings version 1 is flagged: .*`trivium alerts list`"):
        assert ids(table.read()) == [-1]
    for alert in store.catalog.alerts.list_alerts():
        store.catalog.alerts.judge(alert.id, true_alarm=False, because="it is cold", actor="bob")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_version(store, "readings")


def test_a_released_commit_is_read(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[rule("x > 0")], watch="off")
    kept = table.append(readings([-2], DAYS[1:2]))
    store.catalog.tables.settle(kept.id, release=True, because="it is cold", actor="bob")
    assert ids(table.read()) == [-2]


def test_a_quarantined_commit_in_another_type_does_not_make_the_table_unreadable(
    store: Store, readings: Readings
) -> None:
    table = Table("readings", key="id", time="at", checks=[rule("x > 0")], watch="off")
    table.append(readings([1], DAYS[:1], y=[7]))
    kept = table.append(readings([-2], DAYS[1:2], y=["seven"]))
    assert kept.state == "quarantined"
    with pytest.raises(SchemaMismatch):
        store.catalog.tables.settle(kept.id, release=True, because="so", actor="bob")
    assert ids(table.read()) == [1]


@pytest.mark.parametrize("name", ["a/b", "../a", "a\0b", "a" * 300, "🙂", "Readings", "", "1a", "a b"])
def test_a_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot name a table"):
        Table(name)


def test_a_file_is_committed_by_its_path(store: Store, readings: Readings, tmp_path: Path) -> None:
    readings([1, 2, 3], DAYS).write_csv(tmp_path / "rows.csv")
    assert OPEN.append(tmp_path / "rows.csv").rows == 3


def test_declaring_a_table_touches_nothing(store: Store) -> None:
    Table("readings", key="id", time="at")
    assert store.catalog.tables.list_specs() == []
