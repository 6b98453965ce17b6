"""Every place that rows come from gives the same rows, in pieces, or says what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.object_store import ObjectStore

from trivium.errors import Misuse, NotFound, StoreUnreachable, TriviumError, UnsupportedValue
from trivium.frames import ArrowStream
from trivium.frames.stream import Wish
from trivium.sources.source import open_source, read_source
from trivium.store.catalog.sql.postgres_address import parse_postgres_url
from trivium.store.catalog.sql.postgres_session import connect

NOON = datetime(2024, 1, 1, 12, 0, 0, 7)  # noqa: DTZ001 # a time without a zone, as many files have them
ROWS = pl.DataFrame({"id": [1, 2, 3], "x": [0.5, None, 1.5], "name": ["a", None, "ä🙂"], "at": [NOON, NOON, NOON]})
WRITERS: dict[str, Callable[[Path], Any]] = {
    "rows.parquet": ROWS.write_parquet, "rows.csv": ROWS.write_csv, "rows.jsonl": ROWS.write_ndjson,
    "rows.arrow": ROWS.write_ipc, "rows.feather": ROWS.write_ipc,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_gives_its_rows(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    assert_frame_equal(read_source(tmp_path / name, time="at"), ROWS)
    assert_frame_equal(read_source(str(tmp_path / name), types=ROWS.schema), ROWS)


@pytest.mark.parametrize("value", [ROWS, ROWS.lazy(), ROWS.to_arrow(), ArrowStream(ROWS), ROWS.to_dicts()])
def test_a_frame_gives_its_rows(tmp_path: Path, value: Any) -> None:
    assert_frame_equal(pl.concat(open_source(value, Wish(tmp_path)).frames), ROWS)


def test_many_rows_come_in_pieces_with_their_number(tmp_path: Path) -> None:
    many = pl.select(id=pl.int_range(600_000), x=pl.lit("x"))
    many.write_parquet(tmp_path / "rows.parquet")
    many.write_csv(tmp_path / "rows.csv")
    for name in ("rows.parquet", "rows.csv"):
        scratch = tmp_path / f"scratch-{name}"
        scratch.mkdir()
        stream = open_source(tmp_path / name, Wish(scratch))
        pieces = list(stream.frames)
        assert (stream.rows, len(pieces) > 1, max(piece.height for piece in pieces) <= 250_000) == (600_000, True, True)
        assert_frame_equal(pl.concat(pieces), many)


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    def digest(path: Path) -> str | None:
        return open_source(path, Wish(tmp_path)).digest

    for name in ("a.parquet", "b.parquet"):
        ROWS.write_parquet(tmp_path / name)
    before = digest(tmp_path / "a.parquet")
    assert (before is not None, before == digest(tmp_path / "b.parquet")) == (True, True)
    ROWS.head(1).write_parquet(tmp_path / "a.parquet")
    assert digest(tmp_path / "a.parquet") != before


def test_a_folder_and_a_pattern_give_the_rows_of_their_files_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    (folder / "deeper").mkdir(parents=True)
    ROWS.head(1).write_parquet(folder / "a.parquet")
    ROWS.slice(1, 1).write_parquet(folder / "b.parquet")
    ROWS.tail(1).write_parquet(folder / "deeper" / "c.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.parquet").write_text("no rows")
    (folder / "notes.txt").write_text("no rows")
    assert_frame_equal(read_source(folder), ROWS)
    assert_frame_equal(read_source(f"{folder}/*.parquet"), ROWS.head(2))
    assert_frame_equal(read_source(f"{folder}/**/*.parquet"), ROWS)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    ROWS.head(1).write_parquet(folder / "a.parquet")
    ROWS.write_parquet(tmp_path / "outside.parquet")
    (folder / "b.parquet").symlink_to(tmp_path / "outside.parquet")
    assert_frame_equal(read_source(folder), ROWS.head(1))


def test_a_file_whose_name_has_the_marks_of_a_pattern_is_a_file(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "rows[1].parquet")
    assert_frame_equal(read_source(str(tmp_path / "rows[1].parquet")), ROWS)


@pytest.fixture
def duckdb_file(tmp_path: Path) -> Path:
    """A DuckDB file with the table `readings`."""
    with duckdb.connect(tmp_path / "shop.duckdb") as database:
        database.register("given", ArrowStream(ROWS))
        database.execute("CREATE TABLE readings AS SELECT *, id::HUGEINT wide, 'y'::ENUM('x', 'y') kind FROM given")
        database.execute("CREATE VIEW late AS SELECT id FROM readings WHERE id > 1")
        database.execute("CREATE TABLE spans AS SELECT INTERVAL 1 DAY AS span")
    return tmp_path / "shop.duckdb"


def test_a_table_of_duckdb_keeps_its_types(duckdb_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(duckdb_file.parent)
    for address in ("duckdb:///shop.duckdb?table=readings", f"duckdb:///{duckdb_file}?table=readings"):
        found = read_source(address)
        assert_frame_equal(found.drop("wide", "kind"), ROWS)
        assert found.schema["wide"] == pl.Int128
        assert found["kind"].to_list() == ["y"] * 3
        assert found.schema["kind"] == pl.Enum(["x", "y"])


def test_a_query_or_a_view_of_duckdb_is_a_source(duckdb_file: Path) -> None:
    address = f"duckdb:///{duckdb_file}"
    assert read_source(f"{address}?table=late")["id"].to_list() == [2, 3]
    assert read_source(address, query="SELECT sum(id) AS n FROM readings;")["n"].to_list() == [6]
    assert read_source(address, query="SELECT * FROM readings WHERE id > 9").height == 0


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """An SQLite file with the table `readings`, whose times are texts, and `odd`, whose columns mix types."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute('CREATE TABLE readings (id INTEGER, x REAL, name TEXT, "at" TEXT)')
        values = [(each["id"], each["x"], each["name"], each["at"].isoformat()) for each in ROWS.to_dicts()]
        database.executemany("INSERT INTO readings VALUES (?, ?, ?, ?)", values)
        database.execute("CREATE TABLE odd AS SELECT 1 AS x UNION ALL SELECT 'a'")
        database.execute("CREATE TABLE blobs AS SELECT x'00ff' AS b, 9007199254740993 AS n")
        database.commit()
    return tmp_path / "shop.db"


def test_a_table_or_query_of_sqlite_is_a_source(sqlite_file: Path) -> None:
    address = f"sqlite:///{sqlite_file}"
    assert_frame_equal(read_source(f"{address}?table=readings", time="at"), ROWS)
    assert read_source(address, query="SELECT count(*) AS n FROM readings")["n"].to_list() == [3]
    assert read_source(f"{address}?table=blobs").row(0) == (b"\0\xff", 2**53 + 1)


def test_a_column_of_sqlite_that_mixes_types_is_refused(sqlite_file: Path) -> None:
    with pytest.raises(UnsupportedValue, match=r"'x' mixes int \(1\) and str \('a'\)"):
        read_source(f"sqlite:///{sqlite_file}?table=odd")


WRONG: dict[str, str] = {
    "s.duckdb": "is a database: name its table",
    "nothing.parquet": "There is no file",
    "nothing-*.parquet": "No file is named like",
    "a\0b.parquet": "NUL",
    "duckdb:///s\0.duckdb?table=t": "NUL",
    "duckdb:///nothing.duckdb?table=t": "names no file",
    "duckdb://s.duckdb?table=t": "names no file",
    "duckdb:///s.duckdb": "needs either a table",
    "duckdb:///s.duckdb?table=nothing": "cannot be read",
    "duckdb:///text.duckdb?table=t": "cannot be read",
    "sqlite:///s.sqlite?table=nothing": "cannot be read",
    "sqlite:///text.duckdb?table=t": "cannot be read",
    "ftp://host/rows.csv": "is no source: addresses begin with duckdb://",
    "https://user:secret@host/rows.csv": "is no source",
    "empty": "has no Parquet",
    "rows.xlsx": "is not a Parquet",
}


@pytest.mark.parametrize("place", WRONG)
def test_a_place_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("text.duckdb", "rows.xlsx"):
        (tmp_path / name).write_text("this is no database, but it is longer than the head of one would be" * 20)
    duckdb.connect("s.duckdb").close()
    sqlite3.connect("s.sqlite").close()
    (tmp_path / "s.sqlite").touch()
    with pytest.raises(Misuse, match=WRONG[place]):
        read_source(place)


@pytest.mark.parametrize(
    "query", ["DROP TABLE readings", "SELECT 1; SELECT 2", "COPY readings TO 'x.csv'", "not sql", "SELECT 1 a, 2 a", ""]
)
def test_a_query_is_one_select(duckdb_file: Path, query: str) -> None:
    before = sorted(each.name for each in duckdb_file.parent.iterdir())
    with pytest.raises(Misuse):
        read_source(f"duckdb:///{duckdb_file}", query=query)
    assert sorted(each.name for each in duckdb_file.parent.iterdir()) == before


def test_a_query_of_a_file_is_refused(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(Misuse, match="is no database"):
        read_source(tmp_path / "rows.parquet", query="SELECT 1")


def test_a_type_of_duckdb_that_no_table_keeps_is_refused(duckdb_file: Path) -> None:
    with pytest.raises(UnsupportedValue, match=r"'span' is DuckDB's INTERVAL.*epoch"):
        read_source(f"duckdb:///{duckdb_file}?table=spans")


POSTGRES_ROWS = """
CREATE TABLE readings AS SELECT n AS id, n::float8 / 2 AS x, 'name ' || n AS name, n % 2 = 0 AS even,
    ('2024-01-01'::timestamptz AT TIME ZONE 'UTC' + n * interval '1 minute') AS at, n::numeric(12, 3) AS price,
    '2024-01-01 00:00:00+00'::timestamptz AS seen, DATE '2024-02-29' AS day, (n % 1000)::int2 AS small,
    '00000000-0000-0000-0000-000000000001'::uuid AS tag, '\\x00ff'::bytea AS raw, ARRAY[n, 2] AS several,
    CASE WHEN n > 70000 THEN n END AS late, NULL::text AS nothing
    FROM generate_series(1, 70010) AS n
"""


@pytest.fixture
def postgres_table(postgres_url: str) -> str:
    """The address of a PostgreSQL schema with 70,010 readings."""
    address = parse_postgres_url(postgres_url)
    connection = connect(address, 10.0)
    connection.run(f"CREATE SCHEMA IF NOT EXISTS {address.schema}; SET search_path = {address.schema}")
    connection.run("SET TimeZone = 'UTC'")
    connection.run(POSTGRES_ROWS)
    connection.close()
    return postgres_url


def test_a_table_of_postgresql_keeps_its_types_over_all_pieces(tmp_path: Path, postgres_table: str) -> None:
    stream = open_source(f"{postgres_table}&table=readings", Wish(tmp_path))
    pieces = list(stream.frames)
    assert (len(pieces), sum(piece.height for piece in pieces)) == (2, 70_010)
    found = pl.concat(pieces)
    expected: dict[str, Any] = (
        {"id": pl.Int32, "x": pl.Float64, "name": pl.String, "even": pl.Boolean, "at": pl.Datetime("us"),
         "price": pl.Decimal(12, 3), "seen": pl.Datetime("us", "UTC"), "day": pl.Date, "small": pl.Int16,
         "tag": pl.String, "raw": pl.Binary, "several": pl.List(pl.Int64), "late": pl.Int32, "nothing": pl.String}
    )  # fmt: skip
    assert dict(found.schema) == expected
    assert found.row(0, named=True) | {"at": None} == {
        "id": 1, "x": 0.5, "name": "name 1", "even": False, "at": None, "price": Decimal(1),
        "seen": datetime(2024, 1, 1, tzinfo=UTC), "day": datetime(2024, 2, 29).date(), "small": 1,  # noqa: DTZ001
        "tag": str(UUID(int=1)), "raw": b"\0\xff", "several": [1, 2], "late": None, "nothing": None,
    }  # fmt: skip
    assert found["late"].drop_nulls().to_list() == list(range(70_001, 70_011))


def test_a_query_of_postgresql_is_a_source(postgres_table: str) -> None:
    found = read_source(postgres_table, query="SELECT count(*) AS n FROM readings WHERE even")
    assert found["n"].to_list() == [35_005]


@pytest.mark.parametrize(
    "query", ["SELECT nothing_such FROM readings", "DROP TABLE readings", "SELECT 1 AS a, 2 AS a",
              "DELETE FROM readings RETURNING id", "SELECT 'infinity'::date AS at",
              "SELECT 1; COMMIT; DROP TABLE readings", "SELECT 'infinity'::timestamp AS at"],
)  # fmt: skip
def test_a_query_of_postgresql_that_cannot_be_one_is_refused_and_changes_nothing(
    postgres_table: str, query: str
) -> None:
    with pytest.raises(TriviumError):
        read_source(postgres_table, query=query)
    assert read_source(postgres_table, query="SELECT count(*) AS n FROM readings")["n"].to_list() == [70_010]


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable) as told:
        read_source("postgresql://ada:secret@127.0.0.1:1/shop?table=orders")
    assert "secret" not in str(told.value)


def test_an_object_gives_the_rows_of_its_file(s3_url: str, object_store: ObjectStore) -> None:
    bucket = s3_url.removeprefix("s3://").partition("/")[0]
    for name, writer in WRITERS.items():
        local = Path(__file__).with_name(name)
        try:
            writer(local)
            object_store.request("PUT", f"/{bucket}/data/{name}", local.read_bytes())
        finally:
            local.unlink()
        address = f"s3://{bucket}/data/{name}?endpoint={object_store.endpoint}"
        assert_frame_equal(read_source(address, time="at"), ROWS)
    with pytest.raises(NotFound, match=r"nothing\.parquet"):
        read_source(f"s3://{bucket}/data/nothing.parquet?endpoint={object_store.endpoint}")
