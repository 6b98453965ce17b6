"""A type never changes silently: what is committed is read again, value by value and type by type, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from trivium.errors import SchemaMismatch, TriviumError, UnsupportedValue
from trivium.frames import frame_of
from trivium.store.store import Store, connect
from trivium.tables.table import Table

NUMBERS = count()
PLAIN: list[Any] = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64,
         pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Binary, pl.Date, pl.Time, pl.Categorical, pl.Null,
         pl.Decimal, pl.Datetime("ns"), pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("us", "Europe/Paris"),
         pl.Duration("ns"), pl.Duration("us"), pl.Duration("ms"), pl.List, pl.Array, pl.Struct, pl.Enum]  # fmt: skip
FRAMES = dataframes(allowed_dtypes=PLAIN, min_cols=1, max_cols=5, min_size=1, max_size=8, allow_null=True)


@pytest.fixture(scope="module")
def open_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that all examples share; each has a table of its own."""
    with connect(tmp_path_factory.mktemp("types"), actor="ada", durability="fast") as store:
        yield store


def new_table() -> Table:
    return Table(f"t{next(NUMBERS)}", watch="off")


def kept(rows: Any) -> pl.DataFrame:
    """The rows after they were committed and read."""
    table = new_table()
    table.append(rows)
    return table.read().collect()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(frame=FRAMES)
def test_any_frame_is_read_as_it_was_committed_or_refused(open_store: Store, frame: pl.DataFrame) -> None:
    try:
        back = kept(frame)
    except TriviumError:
        return
    assert_frame_equal(back, frame, check_exact=True)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=FRAMES, second=FRAMES)
def test_a_second_batch_changes_no_value_of_either(
    open_store: Store, first: pl.DataFrame, second: pl.DataFrame
) -> None:
    table = new_table()
    try:
        table.append(first)
        table.append(second)
    except TriviumError:
        return
    rows = table.read().collect()
    for batch, part in ((first, rows.head(first.height)), (second, rows.tail(second.height))):
        for name in batch.columns:
            back = part[name].cast(batch.schema[name], strict=False) if batch.schema[name] != pl.Null else batch[name]
            assert back.eq_missing(batch[name]).all(), (batch[name], part[name])


NOON = datetime(2024, 1, 1, 12, 0, 0, 7)  # noqa: DTZ001 # a time without a zone, as many files have them
PARIS = ZoneInfo("Europe/Paris")
KEPT: dict[str, tuple[Any, Any, list[Any] | None]] = {
    "pandas NaN, None and NA are nulls": (pd.Series(["a", None, np.nan, pd.NA], dtype=object), pl.String,
                                          ["a", None, None, None]),
    "pandas whole numbers with gaps": (pd.array([2**62 + 1, None], dtype="Int64"), pl.Int64, [2**62 + 1, None]),
    "pandas numbers of Python": (pd.Series([2**70, None, 1], dtype=object), pl.Int128, [2**70, None, 1]),
    "pandas categories": (pd.Categorical(["b", None, "a"]), pl.Categorical, ["b", None, "a"]),
    "pandas time with a zone": (pd.to_datetime(["2024-06-01T00:00:00.000000001"]).tz_localize("Europe/Paris"),
                                pl.Datetime("ns", "Europe/Paris"), None),
    "pandas bools with gaps": (pd.array([True, None], dtype="boolean"), pl.Boolean, [True, None]),
    "pandas decimals": (pd.Series([Decimal("1.50"), None]), pl.Decimal(38, 2), [Decimal("1.50"), None]),
    "arrow dictionary": (pa.array(["x", None]).dictionary_encode(), pl.Categorical, ["x", None]),
    "arrow large text": (pa.array(["x"], pa.large_string()), pl.String, ["x"]),
    "arrow text view": (pa.array(["x"], pa.string_view()), pl.String, ["x"]),
    "arrow fixed array": (pa.array([[1, 2]], pa.list_(pa.int16(), 2)), pl.Array(pl.Int16, 2), [[1, 2]]),
    "arrow nanoseconds": (pa.array([1], pa.timestamp("ns", "UTC")), pl.Datetime("ns", "UTC"), None),
    "arrow half": (pa.array([np.float16(1.5)]), pl.Float16, [1.5]),
    "arrow map": (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), pl.Map(pl.String, pl.Int64), None),
    "arrow nested": (pa.array([[{"a": NOON, "b": [b""]}], None]), None, [[{"a": NOON, "b": [b""]}], None]),
    "wide integers": ([2**64, -1], pl.Int128, [2**64, -1]),
    "unsigned": ([2**64 - 1, 0], pl.UInt64, [2**64 - 1, 0]),
    "numbers of two kinds": ([1, 2.5], pl.Float64, [1.0, 2.5]),
    "nested numbers of two kinds": ([[1], [2.5]], pl.List(pl.Float64), [[1.0], [2.5]]),
    "decimals and whole numbers": ([Decimal("1.5"), 1], pl.Decimal(38, 1), [Decimal("1.5"), Decimal(1)]),
    "decimals of several scales": ([Decimal("1"), Decimal("0.1")], pl.Decimal(38, 1), [Decimal("1"), Decimal("0.1")]),
    "records with missing keys": ([{"a": 1}, {"b": "x"}], pl.Struct({"a": pl.Int64, "b": pl.String}),
                                  [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
    "times in Paris": ([datetime(2024, 1, 1, tzinfo=PARIS)], pl.Datetime("us", "Europe/Paris"), None),
    "numpy scalars": ([np.int8(1), np.int64(2)], pl.Int64, [1, 2]),
    "a length of time": ([timedelta(microseconds=1)], pl.Duration("us"), [timedelta(microseconds=1)]),
}  # fmt: skip


def framed(values: Any) -> Any:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return pa.table({"x": values})
    return [{"x": each} for each in values] if isinstance(values, list) else pd.DataFrame({"x": values})


@pytest.mark.parametrize("name", KEPT)
def test_values_of_other_libraries_are_kept(open_store: Store, name: str) -> None:
    values, dtype, expected = KEPT[name]
    back = kept(framed(values))["x"]
    assert dtype is None or back.dtype == dtype
    assert expected is None or back.to_list() == expected
    assert back.equals(frame_of(framed(values))["x"])


BYTES = pa.binary(16)
REFUSED: dict[str, tuple[Any, str]] = {
    "numbers and text": ([1, "x"], r"'x' mixes int \(1\) and str \('x'\)"),
    "truth and numbers": ([True, 2], "'x' mixes bool"),
    "nested numbers and text": ([[1], ["x"]], "'x' mixes int"),
    "fractions beyond a float": ([0.5, 2**53 + 1], "9007199254740993, which no float holds"),
    "integers beyond 128 bits": ([2**127], "more than 127 bits"),
    "a date and a moment": ([date(2024, 1, 1), NOON], "'x' mixes date"),
    "two zones": ([datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=PARIS)], "Paris and UTC"),
    "zone and none": ([datetime(2024, 1, 1, tzinfo=UTC), NOON], "times of UTC and no zone"),
    "an offset": ([datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2)))], r"\+02:00, whose offset names no zone"),
    "a time of day with a zone": ([time(1, tzinfo=UTC)], "times of day with a zone"),
    "no number": ([Decimal("NaN")], "'NaN'"),
    "a decimal too long": ([Decimal("1e30"), Decimal("1e-30")], "needs 61 digits"),
    "a set": ([{1}], "holds Python's builtins.set"),
    "a field of records": ([{"a": 1}, {"a": "x"}], "'x.a' mixes int"),
    "pandas objects": (pd.Series([1, "x"]), "'x' mixes int"),
    "pandas periods": (pd.period_range("2024", periods=2, freq="D"), "the extension type 'pandas.period'"),
    "pandas complex": (pd.Series([1j]), "do not make a table"),
    "arrow uuid": (pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], BYTES)), "extension type"),
    "arrow wide decimal": (pa.array([Decimal(1)], pa.decimal256(50, 2)), "do not make a table"),
    "arrow union": (pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]), "do not make a table"),
    "an empty struct": (pa.array([{}], pa.struct([])), "a struct needs a field"),
    "a moment without a calendar": (pa.array([2**60], pa.timestamp("ms")), "outside the years 1 to 9999"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_is_refused_with_its_column(open_store: Store, name: str) -> None:
    values, message = REFUSED[name]
    with pytest.raises(UnsupportedValue, match=message):
        new_table().append(framed(values))


@pytest.mark.parametrize(
    ("frame", "message"),
    [(pd.DataFrame({"x": [1]}, index=pd.Index(["a"], name="key")), r"The index \['key'\]"),
     (pd.DataFrame({"x": [1]}, index=pd.to_datetime(["2024-01-01"])), "reset_index"),
     (pd.DataFrame({0: [1]}), "is not named by a text"),
     (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"\['a'\] are there more than once"),
     (pl.DataFrame({"a\0b": [1]}), "cannot name a column"),
     (pl.DataFrame({"a" * 5000: [1]}), "cannot name a column")],
)  # fmt: skip
def test_columns_that_would_be_lost_or_renamed_are_refused(open_store: Store, frame: Any, message: str) -> None:
    with pytest.raises(UnsupportedValue, match=message):
        new_table().append(frame)


@pytest.mark.parametrize(
    ("expression", "dtype"),
    [("99999999999999999999::hugeint", pl.Int128), ("'y'::enum('x', 'y')", pl.Enum(["x", "y"])),
     ("'2024-01-01'::timestamp_ns", pl.Datetime("ns")), ("'2024-01-01'::timestamptz", pl.Datetime("us", "UTC")),
     ("1.5::decimal(10, 2)", pl.Decimal(10, 2)), ("200::utinyint", pl.UInt8), ("[1, 2]::int[2]", pl.Array(pl.Int32, 2)),
     ("map {'a': 1}", pl.Map(pl.String, pl.Int32))],
)  # fmt: skip
def test_a_relation_of_duckdb_keeps_its_types(open_store: Store, expression: str, dtype: pl.DataType) -> None:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        assert kept(database.sql(f"SELECT {expression} AS x")).schema["x"] == dtype


@pytest.mark.parametrize(
    ("expression", "message"),
    [("1::uhugeint", "cast it to HUGEINT"), ("INTERVAL 1 DAY", "cast it to seconds"), ("'101'::bit", "cast it"),
     ("'infinity'::timestamp", "outside the years"), ("'infinity'::date", "outside the years"),
     ("[INTERVAL 1 DAY]", "do not make a table")],
)  # fmt: skip
def test_a_relation_of_duckdb_is_refused_where_it_would_change(
    open_store: Store, expression: str, message: str
) -> None:
    with duckdb.connect() as database, pytest.raises(UnsupportedValue, match=message):
        new_table().append(database.sql(f"SELECT {expression} AS x"))


CONVERTED = [
    (pl.Series([1, 2]), pl.Series([3, None], dtype=pl.UInt8), [3, None]),
    (pl.Series([1.5]), pl.Series([2**53]), [2.0**53]),
    (pl.Series([1]), pl.Series([2.0, None]), [2, None]),
    (pl.Series([NOON]), pl.Series([1_000], dtype=pl.Datetime("ns")), [datetime(1970, 1, 1, 0, 0, 0, 1)]),  # noqa: DTZ001
    (pl.Series([NOON], dtype=pl.Datetime("ns")), pl.Series([NOON]), [NOON]),
    (pl.Series([NOON]), pl.Series([date(2024, 1, 1)]), [datetime(2024, 1, 1)]),  # noqa: DTZ001
    (pl.Series(["a"], dtype=pl.Categorical), pl.Series(["b"]), ["b"]),
    (pl.Series(["a"], dtype=pl.Enum(["a", "b"])), pl.Series(["b"]), ["b"]),
    (pl.Series([[1]]), pl.Series([[]], dtype=pl.List(pl.Null)), [[]]),
    (pl.Series([Decimal("1.50")]), pl.Series([2]), [Decimal(2)]),
    (pl.Series([{"a": 1, "b": 2}]), pl.Series([{"b": 3}]), [{"a": None, "b": 3}]),
]


@pytest.mark.parametrize("pair", CONVERTED, ids=str)
def test_a_batch_takes_the_tables_type_where_every_value_survives(
    open_store: Store, pair: tuple[pl.Series, pl.Series, list[Any]]
) -> None:
    first, second, expected = pair
    table = new_table()
    table.append(pl.DataFrame({"x": first}))
    table.append(pl.DataFrame({"x": second}))
    back = table.read().collect()["x"]
    assert (back.dtype, back.tail(len(second)).to_list()) == (first.dtype, expected)


UNCONVERTED = [
    (pl.Series([1]), pl.Series([1.5])),
    (pl.Series([1]), pl.Series([-0.0])),
    (pl.Series([1]), pl.Series([2**63], dtype=pl.UInt64)),
    (pl.Series([1.5]), pl.Series([2**53 + 1])),
    (pl.Series([NOON]), pl.Series([1], dtype=pl.Datetime("ns"))),
    (pl.Series([NOON], dtype=pl.Datetime("ns")), pl.Series([datetime(1000, 1, 1)])),  # noqa: DTZ001
    (pl.Series([NOON]), pl.Series([NOON]).dt.replace_time_zone("UTC")),
    (pl.Series([NOON]).dt.replace_time_zone("Europe/Paris"), pl.Series([NOON]).dt.replace_time_zone("UTC")),
    (pl.Series([date(2024, 1, 1)]), pl.Series([NOON])),
    (pl.Series(["a"]), pl.Series([1])),
    (pl.Series(["1"]), pl.Series([b"1"])),
    (pl.Series(["a"], dtype=pl.Enum(["a"])), pl.Series(["b"])),
    (pl.Series([Decimal("1.5")]), pl.Series([Decimal("1.55")])),
    (pl.Series([0.1]), pl.Series([Decimal("0.1")])),
    (pl.Series([True]), pl.Series([1])),
    (pl.Series([{"a": 1}]), pl.Series([{"a": 1, "b": 2}])),
    (pl.Series([[1]]), pl.Series([["x"]])),
]


@pytest.mark.parametrize("pair", UNCONVERTED, ids=str)
def test_a_batch_whose_values_would_change_is_refused(open_store: Store, pair: tuple[pl.Series, pl.Series]) -> None:
    table = new_table()
    table.append(pl.DataFrame({"x": pair[0]}))
    with pytest.raises(SchemaMismatch, match=r"'x'.* cannot be converted without changing values"):
        table.append(pl.DataFrame({"x": pair[1]}))
    assert_frame_equal(table.read().collect(), pl.DataFrame({"x": pair[0]}))
