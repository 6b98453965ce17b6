"""Bad input: each has its own clear error, and nothing is lost, half there, or outside the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trivium.errors import InvalidName, Misuse, SchemaMismatch, TriviumError, UnsupportedValue
from trivium.store.store import Store
from trivium.tables.import_source import import_source
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
