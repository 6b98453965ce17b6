"""Bad input: each has its own clear error, and nothing is lost, half there, or outside the project."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trivium.checks.kinds import rule
from trivium.checks.sandbox import query_rows
from trivium.errors import InvalidName, Misuse, SchemaMismatch, TriviumError, UnsupportedValue
from trivium.store.store import Store
from trivium.tables.import_source import import_source
from trivium.tables.read import read_commit
from trivium.tables.table import Table

GOOD = pl.DataFrame({"id": [1, 2], "x": [0.5, 1.5], "name": ["a", "b"]})


def parquet_bytes(folder: Path) -> bytes:
    """The bytes of a good Parquet file."""
    GOOD.write_parquet(folder / "whole.parquet")
    return (folder / "whole.parquet").read_bytes()


FILES: dict[str, tuple[str, Callable[[Path], bytes], str]] = {
    "not Parquet": ("rows.parquet", lambda folder: b"id,x,name\n1,2,a\n", "rows.parquet cannot be read as .parquet"),
    "an empty Parquet file": ("rows.parquet", lambda folder: b"", "rows.parquet cannot be read as .parquet"),
    "a truncated Parquet file": ("rows.parquet", lambda folder: parquet_bytes(folder)[:-20], "cannot be read as"),
    "a Parquet file without its head": ("rows.parquet", lambda folder: parquet_bytes(folder)[30:], "cannot be read"),
    "a Parquet file with a damaged middle": (
        "rows.parquet", lambda folder: b"PAR1" + b"\xff" * 40 + parquet_bytes(folder)[44:], "cannot be read"),
    "not Arrow": ("rows.arrow", lambda folder: b"id,x,name\n", "rows.arrow cannot be read as .arrow"),
    "CSV that is Latin-1": ("rows.csv", lambda folder: "id,x,name\n1,2,a\n2,3,\xe9\n".encode("latin1"),
                            "rows.csv cannot be read as CSV: .*Line: 3.*not utf-8"),
    "CSV whose names are Latin-1": ("rows.csv", lambda folder: "id,x,name,\xe9\n1,2,a,b\n".encode("latin1"),
                                    "line 1 is not UTF-8"),
    "CSV that is UTF-16": ("rows.csv", lambda folder: "id,x,name\n1,2,a\n".encode("utf-16"), "is UTF-16; convert it"),
    "CSV with a row too long": ("rows.csv", lambda folder: b"id,x,name\n1,2,a\n2,3,b,c\n", "Line: 3.*Found: 4"),
    "CSV with a row too short": ("rows.csv", lambda folder: b"id,x,name\n1,2,a\n2,3\n", "Line: 3.*Found: 2"),
    "CSV with an open quote": ("rows.csv", lambda folder: b'id,x,name\n1,2,"a\n', "unterminated quote"),
    "CSV with a column twice": ("rows.csv", lambda folder: b"id,x,x\n1,2,3\n", r"has the columns \['x'\] more than"),
    "CSV with NUL in a name": ("rows.csv", lambda folder: b"id,x\0y\n1,2\n", "no usable row of column names"),
    "an empty CSV file": ("rows.csv", lambda folder: b"", "is empty: there is not even a row of column names"),
    "a CSV file of names only": ("rows.csv", lambda folder: b"id,x,name\n", "There are no rows"),
    "a CSV line longer than any": ("rows.csv", lambda folder: b"id,x,name\n1,2," + b"a" * (5 << 20), "rows.csv"),
    "a broken line of JSON": ("rows.jsonl", lambda folder: b'{"id": 1}\n{"id": 2}\n{"id": \n', "line 3 is not JSON"),
    "a line of JSON that is no object": ("rows.jsonl", lambda folder: b'{"id": 1}\n[2]\n', "line 2 is not a JSON"),
    "a line of JSON that is not UTF-8": ("rows.jsonl", lambda folder: b'{"id": 1}\n{"id": 2, "name": "\xff"}\n',
                                         "line 2 is not JSON"),
    "JSON without lines": ("rows.jsonl", lambda folder: b'[{"id": 1}]', "line 1 is not a JSON object"),
    "an empty JSON file": ("rows.jsonl", lambda folder: b"", "is empty: there are no rows"),
    "JSON with mixed types": ("rows.jsonl", lambda folder: b'{"id": 1, "x": 1}\n{"id": 2, "x": "b"}\n',
                              r"'x' mixes int \(1\) and str \('b'\)"),
    "JSON with a number too large": ("rows.jsonl", lambda folder: b'{"id": 1, "x": 1e999}\n', "line 1 is not JSON"),
    "an array of JSON": ("rows.json", lambda folder: b'[{"id": 1}]', "is not a Parquet.*jq -c .* makes them"),
    "no file of rows": ("rows.xlsx", lambda folder: b"PK", "is not a Parquet"),
}  # fmt: skip


@pytest.fixture
def table(store: Store) -> Table:
    """A table with two good rows."""
    made = Table("readings", key="id", watch="off")
    made.append(GOOD)
    return made


def check_untouched(store: Store, table: Table) -> None:
    """The table is as it was, and nothing lies about."""
    assert_frame_equal(table.read().collect(), GOOD)
    assert len(store.catalog.tables.list_commits(table.name)) == 1
    written = [each for each in (store.settings.state / "tables" / "readings").rglob("*.parquet") if each.is_file()]
    assert len(written) == 1
    assert list((store.settings.state / "imports").glob("*")) == []


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_and_changes_nothing(store: Store, tmp_path: Path, table: Table, name: str) -> None:
    ending, content, message = FILES[name]
    (tmp_path / ending).write_bytes(content(tmp_path))
    with pytest.raises(TriviumError, match=message):
        import_source(store, table.spec, tmp_path / ending)
    check_untouched(store, table)


GOOD_FILES: dict[str, tuple[str, bytes, str, list[tuple[Any, ...]]]] = {
    "CSV with a mark of its encoding": ("rows.csv", b"\xef\xbb\xbfid,x\n7,2\n", "id x", [(7, 2.0)]),
    "CSV with newlines within": ("rows.csv", b'id,name\n7,"a\nb"\n8,"c,""d""\n"\n', "name", [("a\nb",), ('c,"d"\n',)]),
    "CSV of Windows": ("rows.csv", b"id,x\r\n7,2\r\n", "id x", [(7, 2.0)]),
    "CSV without an end": ("rows.csv", b"id,x\n7,2", "id x", [(7, 2.0)]),
    "CSV with empty fields": ("rows.csv", b'id,x,name\n7,,""\n8,NA,\n', "x name", [(None, ""), (None, None)]),
    "CSV with NA in text": ("rows.csv", b"id,name\n7,NA\n", "name", [("NA",)]),
    "JSON with empty lines": ("rows.jsonl", b'{"id": 7}\n\n{"id": 8, "x": 1}\n', "id x", [(7, None), (8, 1.0)]),
    "JSON of Windows": ("rows.jsonl", b'\xef\xbb\xbf{"id": 7}\r\n{"id": 8}', "id", [(7,), (8,)]),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_FILES)
def test_an_odd_but_good_file_is_taken(store: Store, tmp_path: Path, table: Table, name: str) -> None:
    ending, content, columns, expected = GOOD_FILES[name]
    (tmp_path / ending).write_bytes(content)
    import_source(store, table.spec, tmp_path / ending)
    assert table.read().collect().filter(pl.col("id") > 2).select(columns.split()).rows() == expected
    table.append(tmp_path / ending)
    assert table.read().collect().height == 2 + 2 * len(expected)


NAMES = ["a/b", "../a", "..", ".", "", "a\0b", "a" * 300, "🙂", "Readings", "a b", "a.b", "%2e%2e", "%2e%2e%2fa", "-a",
         "1a", "a\n", "a;b", 'a"b', "a\\b", "/etc", "ä", "con:", "~"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_that_could_lead_elsewhere_names_no_table(store: Store, name: str) -> None:
    with pytest.raises(InvalidName, match=r"cannot name a table: use 1 to 100 lower-case"):
        Table(name)


@pytest.mark.parametrize("name", ["select", "table", "order", "all", "con", "nul", "rows", "pieces", "a" * 100])
def test_a_reserved_word_is_a_name_like_any_other(store: Store, name: str) -> None:
    Table(name, key="id").append(GOOD)
    assert Table(name).read().collect().height == 2


ODD_NAMES = ["", " ", '"', "'", "a b", "a;b", "🙂", "x" * 1000, "A", "a", "select", "rows", "--", "a\nb", "%s", "?",
             "{x}", "a.b", "..", "/", "\\"]  # fmt: skip


def test_columns_of_odd_names_are_kept_and_judged(store: Store) -> None:
    rows = pl.DataFrame({name: [number, number + 1, None] for number, name in enumerate(ODD_NAMES)})
    table = Table("odd")
    for _ in range(3):
        table.append(rows)
    assert_frame_equal(table.read().collect(), pl.concat([rows] * 3))


def test_columns_of_odd_names_come_from_a_csv_file(store: Store, tmp_path: Path) -> None:
    rows = pl.DataFrame({name: [number, None] for number, name in enumerate(ODD_NAMES)})
    rows.write_csv(tmp_path / "odd.csv")
    import_source(store, Table("odd", watch="off").spec, tmp_path / "odd.csv")
    assert_frame_equal(Table("odd").read().collect(), rows)


FRAMES: dict[str, tuple[Any, type[TriviumError], str]] = {
    "a null key": (pl.DataFrame({"id": [3, None], "x": [1.0, 2.0]}), SchemaMismatch, "1 rows .* have no key 'id'"),
    "no key": (pl.DataFrame({"x": [1.0]}), SchemaMismatch, "lack its key 'id'"),
    "a column of mixed types": ([{"id": 3, "x": 1}, {"id": 4, "x": "a"}], UnsupportedValue, "'x' mixes int"),
    "a type that is not the table's": (pl.DataFrame({"id": [3], "x": ["a"]}), SchemaMismatch, "'x'"),
    "a column that is named by NUL": (pl.DataFrame({"id": [3], "a\0": [1]}), UnsupportedValue, "cannot name a column"),
    "no rows": (GOOD.clear(), Misuse, "no rows to commit"),
    "no table": (7, UnsupportedValue, "is not a table"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_bad_rows_are_refused_and_change_nothing(store: Store, table: Table, name: str) -> None:
    rows, error, message = FRAMES[name]
    with pytest.raises(error, match=message):
        table.append(rows)
    check_untouched(store, table)


def test_times_in_two_zones_are_refused(store: Store) -> None:
    table = Table("zoned", time="at", watch="off")
    at = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 2), "6h", eager=True).alias("at")
    table.append(at.dt.replace_time_zone("UTC").to_frame())
    for other in (at, at.dt.replace_time_zone("Europe/Paris")):
        with pytest.raises(SchemaMismatch, match="'at' of table 'zoned' is timestamp"):
            table.append(other.to_frame())
    assert table.read().collect().height == 5


def test_a_table_of_ten_thousand_columns_works(store: Store) -> None:
    rows = pl.DataFrame({f"c{number}": [float(number), None, 1.0] for number in range(10_000)})
    table = Table("wide")
    table.append(rows)
    assert_frame_equal(table.read().collect(), rows)


def test_a_path_that_leaves_the_project_is_only_read(store: Store, tmp_path: Path, table: Table) -> None:
    with pytest.raises(Misuse, match="There is no file"):
        import_source(store, table.spec, tmp_path / ".." / "nothing.parquet")
    with pytest.raises(Misuse, match="There is no file"):
        import_source(store, table.spec, f"{tmp_path}/%2e%2e/rows.parquet")
    check_untouched(store, table)


FOR_EVER = "list_sum(list_transform(range(20000 + id), lambda y: list_sum(range(y)))) > 0"
RULES = {
    "is no SQL": ("x is positive", "is not a rule"),
    "is no expression": ("SELECT x FROM rows", "is not a rule"),
    "writes a file": ("(COPY rows TO 'stolen.csv') IS NULL", "is not a rule"),
    "changes rows": ("x > 0; DELETE FROM rows", "is not a rule"),
    "names a missing column": ("y > 0", "reads column 'y', which these rows do not have"),
    "is no truth": ("x + 1", "gives DOUBLE"),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_cannot_be_judged_changes_nothing(store: Store, table: Table, name: str) -> None:
    text, message = RULES[name]
    with pytest.raises(Misuse, match=message):
        Table("readings", key="id", watch="off", checks=[rule(text)]).append(GOOD.with_columns(pl.col("id") + 2))
    check_untouched(store, table)


def test_a_rule_that_never_ends_is_stopped_and_changes_nothing(
    store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("trivium.checks.kinds.rule"), "query_rows", partial(query_rows, limit=0.2))
    with pytest.raises(Misuse, match="was stopped"):
        Table("readings", key="id", watch="off", checks=[rule(FOR_EVER)]).append(GOOD.with_columns(pl.col("id") + 2))
    check_untouched(store, table)


def test_rows_that_a_rule_cannot_divide_are_kept_aside(store: Store, table: Table) -> None:
    dividing = Table("readings", key="id", watch="off", checks=[rule("1 / x < 5")])
    kept = dividing.append(pl.DataFrame({"id": [3, 4], "x": [0.0, 1.0], "name": ["c", "d"]}))
    assert kept.state == "quarantined"
    (alert,) = store.catalog.alerts.list_alerts(table="readings")
    assert alert.evidence["examples"] == [{"id": 3, "x": 0.0, "name": "c"}]
    assert_frame_equal(table.read().collect(), GOOD)


DAYS = 40


def readings(number: int) -> pl.DataFrame:
    """A day of 100 readings, some without a value."""
    rng, day = np.random.default_rng(number), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number)
    value = pl.Series(rng.normal(20, 2, 100)).round(2).scatter(range(3), None)
    return pl.DataFrame({"at": [day] * 100, "value": value, "place": rng.choice(["a", "b"], 100)})


ODD_DAYS: dict[str, tuple[pl.Expr, str | None]] = {
    "all null": (pl.lit(None, pl.Float64).alias("value"), "value"),
    "all equal": (pl.lit(20.0).alias("value"), "value"),
    "all NaN": (pl.lit(float("nan")).alias("value"), "value"),
    "infinite": (pl.lit(float("inf")).alias("value"), "value"),
    "one infinity": (pl.when(pl.int_range(pl.len()) == 50).then(float("-inf")).otherwise("value").alias("value"), None),
    "texts of 10 MB": (pl.lit("a" * 10_000_000).alias("place"), "place"),
    "texts instead of numbers": (pl.lit("20").alias("value"), "value"),
    "as ever": (pl.col("value"), None),
}


@pytest.mark.parametrize("name", ODD_DAYS)
def test_an_odd_day_alarms_about_its_column_alone(store: Store, name: str) -> None:
    change, column = ODD_DAYS[name]
    table = Table("readings", time="at")
    table.append(pl.concat(map(readings, range(DAYS))))
    odd = readings(DAYS).head(3 if "10 MB" in name else 100).with_columns(change)
    commit = table.append(odd)
    alerts = store.catalog.alerts.list_alerts(table="readings")
    assert {alert.column for alert in alerts if alert.column} == ({column} if column else set())
    assert commit.state == ("valid" if column is None else "quarantined")
    assert all(len(alert.message) < 1_000 for alert in alerts)
    assert_frame_equal(read_commit(store, commit.id).collect(), odd)


def test_a_million_different_values_are_judged(store: Store) -> None:
    table = Table("many", time="at")
    at = pl.lit(datetime(2024, 1, 1)).alias("at")  # noqa: DTZ001
    for number in range(4):
        rows = pl.select(at.dt.offset_by(f"{number}d"), id=pl.int_range(1_000_000))
        assert table.append(rows.with_columns(name=pl.format("n{}", "id"))).state == "valid"
    assert store.catalog.tables.profiles("many")[-1].columns[1].facts["distinct"] == pytest.approx(1_000_000, rel=0.03)


def test_a_first_day_that_was_broken_is_not_what_later_days_have_to_look_like(store: Store) -> None:
    table = Table("readings", time="at")
    broken = readings(0).with_columns(value=pl.lit(None, pl.Float64), place=pl.lit(""))
    assert table.append(broken).state == "valid", "nothing is known yet"
    states = [table.append(readings(number)).state for number in range(1, DAYS)]
    assert states[20:] == ["valid"] * (DAYS - 21)
    assert table.append(broken.with_columns(pl.col("at").dt.offset_by("40d"))).state != "valid"


def test_a_day_that_arrives_late_is_judged_by_all_that_is_known(store: Store) -> None:
    table = Table("readings", time="at")
    table.append(pl.concat(readings(number) for number in range(DAYS) if number != 20))
    assert table.append(readings(20).with_columns(pl.col("value") * 60)).state == "quarantined"
    assert table.append(readings(20)).state == "valid"
    assert table.append(readings(DAYS)).state == "valid"


def test_a_day_that_is_committed_twice_is_there_once_by_its_key_or_an_overwrite(store: Store) -> None:
    table = Table("readings", time="at")
    days = pl.concat(map(readings, range(DAYS)))
    assert table.append(days, idempotency_key="all") == table.append(days, idempotency_key="all")
    assert table.overwrite(readings(DAYS - 1)).state == "valid"
    assert table.read().collect().height == 100 * DAYS


def test_a_day_that_is_appended_twice_without_a_key_is_told(store: Store) -> None:
    table = Table("readings", time="at")
    table.append(pl.concat(map(readings, range(DAYS))))
    again = table.append(readings(DAYS - 1))
    assert again.state == "flagged"
    (alert,) = store.catalog.alerts.list_alerts(state="open")
    assert alert.partition == again.partitions[0]
    assert "all 100 rows are in this partition already" in alert.message
    assert table.append(readings(DAYS)).state == "valid"


def test_backfilled_days_are_judged_one_by_one(store: Store) -> None:
    table = Table("readings", time="at")
    days = [readings(number) for number in range(60)]
    days[45] = days[45].with_columns(pl.col("value") * 60)
    commit = table.append(pl.concat(days))
    states = {each.partition: each.state for each in store.catalog.tables.judgements(commit.id)}
    assert len(states) == 60
    assert [day for day, state in states.items() if state != "valid"] == ["2024-02-15"]
