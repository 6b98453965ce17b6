"""Frames of any kind in, frames of the asked kind out, and nothing lost on the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from trivium.errors import Misuse, TriviumError, UnsupportedValue
from trivium.frames import TYPE_NAMES, ArrowStream, columns_of, dtype_of, from_frame, to_frame, type_name

NOON = datetime(2024, 1, 1, 12, 0, 0, 7)  # noqa: DTZ001 # a time without a zone, as many files have them
SERIES: dict[str, pl.Series] = {
    **{name: pl.Series([0, 1, 127, None], dtype=dtype) for dtype, name in TYPE_NAMES.items() if dtype.is_integer()},
    "float32": pl.Series([0.5, -1e30, float("nan"), None], dtype=pl.Float32),
    "float64": pl.Series([0.1, -1e300, float("inf"), None]),
    "bool": pl.Series([True, False, None]),
    "string": pl.Series(["ä🙂\0", "", None]),
    "binary": pl.Series([b"\0\xff", b"", None]),
    "date": pl.Series([date(2024, 2, 29), date(1900, 1, 1), None]),
    "time": pl.Series([time(23, 59, 59, 7), None]),
    "categorical": pl.Series(["a", "b", None], dtype=pl.Categorical),
    "null": pl.Series([None, None]),
    "timestamp[us]": pl.Series([NOON, None]),
    "timestamp[ms]": pl.Series([NOON, None], dtype=pl.Datetime("ms")),
    "timestamp[ns, UTC]": pl.Series([NOON, None], dtype=pl.Datetime("ns")).dt.replace_time_zone("UTC"),
    "timestamp[us, America/New_York]": pl.Series([NOON, None]).dt.replace_time_zone("America/New_York"),
    "duration[us]": pl.Series([timedelta(days=1), None]),
    "decimal[10, 2]": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
    "decimal[38, 0]": pl.Series([Decimal(10**37), None], dtype=pl.Decimal(38, 0)),
    "float16": pl.Series([0.5, None], dtype=pl.Float16),
    "duration[ns]": pl.Series([1, None], dtype=pl.Duration("ns")),
    "list<int64>": pl.Series([[1, 2], [], None]),
    "list<null>": pl.Series([[None], [], None]),
    "array<array<uint8, 1>, 2>": pl.Series([[[1], [2]], None], dtype=pl.Array(pl.UInt8, (2, 1))),
    "map<string, int64>": pl.Series([None], dtype=pl.Map(pl.String, pl.Int64)),
    'categorical<x, "a b", uint8>': pl.Series(["a"], dtype=pl.Categorical(pl.Categories("x", "a b", pl.UInt8))),
    'struct<"a, b: int64": list<struct<">": time>>>': pl.Series(
        [None], dtype=pl.Struct({"a, b: int64": pl.List(pl.Struct({">": pl.Time}))})
    ),
    'enum<x, "y, z", "", "\\"">': pl.Series(["y, z"], dtype=pl.Enum(["x", "y, z", "", '"'])),
    "enum<>": pl.Series([None], dtype=pl.Enum([])),
    "struct<a: int64, b: list<string>>": pl.Series([{"a": 1, "b": ["x"]}, {"a": None, "b": []}]),
    "enum<x, y>": pl.Series(["y", None], dtype=pl.Enum(["x", "y"])),
}
KINDS = {"polars": pl.DataFrame, "lazy": pl.LazyFrame, "pandas": pd.DataFrame, "pyarrow": pa.Table,
         "duckdb": duckdb.DuckDBPyRelation}  # fmt: skip
PLAIN = pl.DataFrame({"id": [1, 2, 3], "x": [0.5, None, 1.5], "name": ["a", None, "ä🙂"], "at": [NOON, NOON, NOON]})


@pytest.mark.parametrize("name", sorted(SERIES))
def test_a_type_is_spelled_as_arrow_does_and_survives_parquet(name: str, tmp_path: Path) -> None:
    frame = SERIES[name].alias("x").to_frame()
    assert type_name(frame.schema["x"]) == name
    frame.write_parquet(tmp_path / "x.parquet")
    back = to_frame(tmp_path / "x.parquet")
    assert back.schema == frame.schema
    assert back.equals(frame)


@pytest.mark.parametrize("name", sorted(SERIES))
def test_a_type_name_is_the_type_again(name: str) -> None:
    assert dtype_of(name) == SERIES[name].dtype


@pytest.mark.parametrize("name", ["list<integer>", "struct<a>", "integer", "", "enum<a", "duration[us, UTC]"])
def test_what_names_no_type_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedValue, match="names no type"):
        dtype_of(name)


def test_columns_have_names_and_types_in_order() -> None:
    assert [(each.name, each.type) for each in columns_of(PLAIN)] == [
        ("id", "int64"), ("x", "float64"), ("name", "string"), ("at", "timestamp[us]"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_frame_goes_out_as_any_kind_and_comes_back_the_same(kind: str) -> None:
    out = from_frame(PLAIN, KINDS[kind])
    assert isinstance(out, KINDS[kind])
    assert to_frame(out).equals(PLAIN)
    assert to_frame(from_frame(PLAIN.lazy(), KINDS[kind])).equals(PLAIN)


@pytest.mark.parametrize("name", ["polars.LazyFrame", "pl.DataFrame", Any, None])
def test_an_annotation_may_be_text_or_nothing(name: object) -> None:
    out = from_frame(PLAIN, name)
    assert isinstance(out, pl.LazyFrame if name == "polars.LazyFrame" else pl.DataFrame)


def test_a_frame_itself_is_not_copied() -> None:
    assert to_frame(PLAIN) is PLAIN


def test_the_index_of_a_filtered_pandas_frame_is_no_column() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    assert to_frame(frame[frame["x"] > 1]).to_dict(as_series=False) == {"x": [2, 3]}


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        {"a": [1, 2], "b": ["x", None]},
        ArrowStream(pl.DataFrame({"a": [1, 2], "b": ["x", None]})),
    ],
)
def test_records_columns_and_arrow_streams_make_a_table(rows: Any) -> None:
    assert to_frame(rows).to_dict(as_series=False) == {"a": [1, 2], "b": ["x", None]}


def test_a_late_record_changes_neither_values_nor_columns() -> None:
    late = to_frame([{"a": 1}] * 500 + [{"a": 2.5, "b": "x"}])
    assert late.row(500) == (2.5, "x")
    assert late.columns == ["a", "b"]


@pytest.mark.parametrize("value", [7, None, object(), {1, 2}, [1, 2], [{"a": 1}, 7], [[1], [2]], b"rows", range(3)])
def test_what_is_not_a_table_is_refused(value: Any) -> None:
    with pytest.raises(UnsupportedValue, match=r"is not a table: give a polars"):
        to_frame(value)


@pytest.mark.parametrize(
    "value",
    [{"a": [1, 2], "b": [1]}, [{"a": 1}, {"a": [1]}], {"a": [object()]}, [{"a": object()}],
     pl.DataFrame({"a": [object()]}), pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame({"a": [1, "x"]})],
)  # fmt: skip
def test_rows_that_cannot_be_kept_as_they_are_are_refused(value: Any) -> None:
    with pytest.raises(UnsupportedValue):
        to_frame(value)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "ndjson", "parquet", "PARQUET"])
def test_a_file_is_read_by_its_ending(tmp_path: Path, kind: str) -> None:
    file, rows = tmp_path / f"rows.{kind}", PLAIN.drop("at")
    writers: dict[str, Callable[[Path], object]] = {"csv": rows.write_csv, "parquet": rows.write_parquet}
    writers.get(kind.lower(), rows.write_ndjson)(file)
    assert to_frame(file).equals(rows)
    assert to_frame(str(file)).equals(rows)


def test_dates_and_absent_values_of_csv_are_understood(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("at,x,name\n2024-01-01T10:00:00,NA,a\n2024-01-02T10:00:00,1.5,\n")
    frame = to_frame(tmp_path / "rows.csv")
    assert frame.schema["at"] == pl.Datetime
    assert frame["x"].to_list() == [None, 1.5]
    assert frame["name"].to_list() == ["a", None]


def test_a_type_that_shows_late_in_a_csv_is_still_right(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("tail\n" + "1\n" * 12_000 + "N12\n")
    frame = to_frame(tmp_path / "rows.csv")
    assert frame.schema["tail"] == pl.String
    assert frame["tail"][-1] == "N12"


def test_a_column_that_shows_late_in_json_lines_is_there(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n' * 12_000 + '{"a": 2, "late": "x"}\n')
    assert to_frame(tmp_path / "rows.jsonl").row(12_000) == (2, "x")


def broken(folder: Path, name: str) -> Path:
    PLAIN.write_parquet(folder / "whole.parquet")
    whole = (folder / "whole.parquet").read_bytes()
    content = {
        "short.parquet": whole[: len(whole) // 2], "text.parquet": b"id,x\n1,2\n", "empty.parquet": b"",
        "footer.parquet": whole[:-8] + b"\xff" * 4 + b"PAR1", "empty.csv": b"", "bad.jsonl": b'{"a": 1}\n{"a": \n',
        "ragged.csv": b"a,b\n1,2\n1,2,3\n", "zip.csv": b"PK\x03\x04\xff\xfe\x00\x00",
    }  # fmt: skip
    (folder / name).write_bytes(content[name])
    return folder / name


BROKEN = ["short.parquet", "text.parquet", "empty.parquet", "footer.parquet", "empty.csv", "bad.jsonl", "ragged.csv"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misuse, match=rf"{name} (cannot be read as|is empty|line 2 is not JSON)"):
        to_frame(broken(tmp_path, name))


@pytest.mark.parametrize(("name", "message"), [("none.parquet", "There is no file"), ("rows.xlsx", "is not a Parquet")])
def test_an_absent_or_unknown_file_is_refused_by_name(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        to_frame(tmp_path / name)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").mkdir()
    with pytest.raises(Misuse, match="There is no file"):
        to_frame(tmp_path / "rows.parquet")


def test_no_refusal_is_anything_but_ours(tmp_path: Path) -> None:
    with pytest.raises(TriviumError):
        to_frame(tmp_path / "\0.parquet")


def test_duckdb_is_read_and_fed_without_pyarrow() -> None:
    script = (
        "import sys; sys.modules['pyarrow'] = None; import duckdb, polars as pl\n"
        "from trivium.frames import from_frame, to_frame\n"
        "relation = from_frame(pl.DataFrame({'a': [1, 2]}), duckdb.DuckDBPyRelation)\n"
        "assert to_frame(relation.filter('a > 1'))['a'].to_list() == [2]\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, capture_output=True)


@pytest.mark.parametrize("name", SERIES)
def test_a_frame_in_pieces_streams_as_one_in_one_piece(name: str) -> None:
    frame = pl.DataFrame({"x": pl.concat([SERIES[name], SERIES[name]], rechunk=True)}).with_row_index()
    pieces = pl.concat([frame, frame], rechunk=False)
    assert pieces.n_chunks() == 2
    found = pl.DataFrame(ArrowStream(pieces))
    assert_frame_equal(found, pl.DataFrame(ArrowStream(pieces.rechunk())))


def test_a_frame_in_pieces_streams_piece_by_piece() -> None:
    pieces = pl.concat([pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [2]})], rechunk=False)
    assert [batch.to_pydict() for batch in pa.RecordBatchReader.from_stream(ArrowStream(pieces))] == [
        {"x": [1]},
        {"x": [2]},
    ]
