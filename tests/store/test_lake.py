"""The files of tables: immutable, and checked against their digest when they are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace
from polars.testing import assert_frame_equal
from tests.storage_place import Place, flip

from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, InvalidName, NotFound
from trivium.ids import new_id
from trivium.store import lake as lake_module
from trivium.store import object_storage
from trivium.store.lake import Lake
from trivium.values.tables import DataFile

ROWS = pl.DataFrame({"id": [1, 2, 3], "x": ["a", None, "c"]})


def open_lake(place: Place) -> Lake:
    return Lake(place.open(), ids=new_id)


@pytest.fixture
def lake(place: Place) -> Lake:
    """An empty lake."""
    return open_lake(place)


def test_a_file_says_what_it_holds(lake: Lake) -> None:
    file = lake.write("flights", "2024-01-01T01:00", ROWS)
    data = Path(lake.local_paths([file])[0]).read_bytes()
    assert (file.partition, file.rows, file.bytes, file.digest) == (
        "2024-01-01T01:00", 3, len(data), digest_bytes(data),
    )  # fmt: skip
    assert file.path.startswith("flights/2024-01-01T0100/")
    assert file.stamp
    assert lake.has(file)
    assert lake.scan([file]).collect().equals(ROWS)
    lake.verify(file)


def test_two_writes_are_two_files(lake: Lake) -> None:
    first, second = lake.write("flights", "all", ROWS), lake.write("flights", "all", ROWS)
    assert first.path != second.path
    assert lake.scan([first, second]).collect().height == 6


def test_rows_that_are_streamed_are_stored_like_those_in_memory(lake: Lake) -> None:
    rows = pl.DataFrame({"id": range(100_000), "x": [f"value {n % 97}" for n in range(100_000)]})
    file = lake.write_lazy("flights", "all", rows.lazy().filter(pl.col("id") % 2 == 0))
    assert file is not None
    assert file.rows == 50_000
    assert_frame_equal(lake.scan([file]).collect(), rows.filter(pl.col("id") % 2 == 0))
    lake.verify(file)
    assert open_copy(lake, file).height == 50_000


def test_a_large_frame_is_not_held_twice(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "IN_MEMORY_BYTES", 10)
    file = lake.write("flights", "all", ROWS)
    assert file.rows == 3
    assert lake.scan([file]).collect().equals(ROWS)


def test_no_streamed_rows_are_no_file(lake: Lake) -> None:
    assert lake.write_lazy("flights", "all", ROWS.lazy().filter(pl.col("id") > 5)) is None
    assert list(lake.list_paths()) == []


def test_rows_that_fail_while_they_are_streamed_leave_no_file(lake: Lake) -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        lake.write_lazy("flights", "all", ROWS.lazy().select(pl.col("x").str.to_integer(strict=True)))
    assert list(lake.list_paths()) == []


@pytest.mark.parametrize("at", [0, 40, -1])
def test_one_flipped_bit_is_found_by_every_way_to_read(place: Place, at: int) -> None:
    file, good = open_lake(place).write("flights", "all", ROWS), open_lake(place).write("flights", "all", ROWS)
    place.meddle(file.path, lambda data: flip(data, at))
    lake = open_lake(place)
    story = rf"{file.path} in .* was changed after it was written; restore .*'flights' that do not have this file"
    for read in (lake.scan, lake.local_paths):
        with pytest.raises(CorruptObject, match=story):
            read([good, file])
    with pytest.raises(CorruptObject, match=story):
        lake.verify(file)
    assert lake.scan([good]).collect().equals(ROWS)


def test_swapped_and_cut_files_are_found(place: Place) -> None:
    lake = open_lake(place)
    first, second = lake.write("flights", "all", ROWS), lake.write("flights", "all", ROWS.head(1))
    other = Path(lake.local_paths([second])[0]).read_bytes()
    place.meddle(first.path, lambda _: other)
    place.meddle(second.path, lambda data: data[:-9])
    for file in (first, second):
        with pytest.raises(CorruptObject):
            open_lake(replaced(place)).scan([file])


def test_a_file_without_a_stamp_is_compared_with_its_digest(place: Place) -> None:
    file = replace(open_lake(place).write("flights", "all", ROWS), stamp="")
    assert open_lake(place).scan([file]).collect().equals(ROWS)
    with pytest.raises(CorruptObject):
        open_lake(replaced(place)).scan([replace(file, digest="0" * 64)])


def test_what_is_not_parquet_is_corrupt_and_no_error_of_an_engine(place: Place) -> None:
    stamp = place.open().put("flights/all/x.parquet", b"PAR1 no more")
    file = DataFile("flights/all/x.parquet", "all", 3, 12, digest_bytes(b"PAR1 no more"), stamp)
    with pytest.raises(CorruptObject, match=r"x\.parquet cannot be read as Parquet"):
        open_lake(place).scan([file])


def test_gone_bytes_are_not_found(place: Place) -> None:
    lake = open_lake(place)
    file = lake.write("flights", "all", ROWS)
    place.meddle(file.path, lambda _: None)
    assert not lake.has(file)
    for read in (lambda: lake.scan([file]), lambda: lake.verify(file), lambda: lake.path(file)):
        with pytest.raises(NotFound, match=r"is gone from .*; restore it from a back-up\. Versions of table 'flights'"):
            read()


def test_what_was_deleted_is_gone(lake: Lake) -> None:
    first, second = lake.write("flights", "all", ROWS), lake.write("flights", "all", ROWS)
    assert lake.scan([first, second]).collect().height == 6
    lake.delete(first)
    lake.delete(second.path)
    lake.delete(second)
    assert (lake.has(first), lake.has(second), list(lake.list_paths())) == (False, False, [])
    assert [path for path in lake.root.rglob("*") if path.is_file()] == []


def test_a_listing_has_a_tables_files_and_no_other_engines_log(lake: Lake) -> None:
    file, other = lake.write("flights", "all", ROWS), lake.write("weather", "all", ROWS)
    lake.storage.put("flights/_delta_log/00000000000000000000.json", b"{}")
    assert [(path, size) for path, size, _ in lake.list_paths("flights")] == [(file.path, file.bytes)]
    assert {path for path, _, _ in lake.list_paths()} == {file.path, other.path}


def test_columns_that_a_file_lacks_are_null_whichever_file_comes_first(lake: Lake) -> None:
    files = [
        lake.write("t", "1", pl.DataFrame({"id": [1]})),
        lake.write("t", "2", pl.DataFrame({"id": [2], "x": [5]})),
    ]
    for order in (files, files[::-1]):
        assert lake.scan(order).sort("id").collect().rows() == [(1, None), (2, 5)]


def test_a_column_without_values_takes_the_type_of_the_file_that_has_some(lake: Lake) -> None:
    empty = lake.write("t", "1", pl.DataFrame({"id": [1], "x": [None]}))
    typed = lake.write("t", "2", pl.DataFrame({"id": [2], "x": ["a"]}))
    for columns in ((), ("id", "x")):
        for files in ([empty, typed], [typed, empty]):
            assert lake.scan(files, columns).sort("id").collect().rows() == [(1, None), (2, "a")]
    assert lake.scan([empty], ("id", "x")).collect().rows() == [(1, None)]


def test_a_widened_column_is_read_from_older_files_too(lake: Lake) -> None:
    narrow = lake.write("t", "1", pl.DataFrame({"a": [1], "b": [0.5]}, schema={"a": pl.Int32, "b": pl.Float32}))
    wide = lake.write("t", "2", pl.DataFrame({"a": [2**40], "b": [0.25]}))
    read = lake.scan([narrow, wide], ("a", "b")).collect()
    assert read.rows() == [(1, 0.5), (2**40, 0.25)]
    assert read.schema == {"a": pl.Int64, "b": pl.Float64}


def test_columns_come_in_the_order_of_the_table(lake: Lake) -> None:
    file = lake.write("t", "1", pl.DataFrame({"x": [5], "id": [2]}))
    assert lake.scan([file], ("id", "x")).collect().columns == ["id", "x"]


def test_a_name_with_signs_of_a_pattern_is_one_name(lake: Lake) -> None:
    file = lake.write("t", "[a]*", ROWS)
    assert lake.scan([file]).collect().height == 3


@pytest.mark.parametrize("path", ["../x.parquet", "/etc/passwd", "t/%2e%2e/x", "t/a\0b"])
def test_a_path_that_leaves_the_root_is_refused_by_every_method(lake: Lake, path: str) -> None:
    file = DataFile(path, "all", 1, 1, "0" * 64)
    acts = (
        lambda: lake.scan([file]),
        lambda: lake.local_paths([file]),
        lambda: lake.path(file),
        lambda: lake.has(file),
        lambda: lake.verify(file),
        lambda: lake.delete(file),
        lambda: lake.write(path, "all", ROWS),
        lambda: lake.write("t", path, ROWS),
        lambda: lake.write_lazy("t", path, ROWS.lazy()),
    )
    for act in acts:
        with pytest.raises(InvalidName):
            act()


def test_known_columns_cost_one_footer(lake: Lake) -> None:
    files = [lake.write("t", "all", ROWS) for _ in range(5)]
    lake.scan(files, ("id", "x"))
    assert list(lake._schemas) == [files[-1].path]


def test_a_large_table_in_an_object_store_is_read_where_it_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = open_lake(place)
    files = [lake.write("t", "all", ROWS.with_columns(part=part)) for part in range(40)]
    monkeypatch.setattr(object_storage, "FETCHED_BYTES", 0)
    for chosen in (files, files[:2]):
        read = open_lake(place).scan(chosen, ("id", "x", "part")).filter(pl.col("id") == 2).collect()
        assert read["part"].to_list() == list(range(len(chosen)))
    if place.kind == "s3":
        assert [path for path in lake.root.rglob("*") if path.is_file()] == []
    place.meddle(files[1].path, flip)
    place.meddle(files[39].path, lambda _: None)
    with pytest.raises(CorruptObject, match="was changed"):
        open_lake(place).scan(files[:2])
    with pytest.raises(NotFound, match="is gone"):
        open_lake(place).scan(files[2:])


def test_processes_that_write_at_once_lose_no_file(place: Place) -> None:
    code = (
        "import sys, polars as pl; from pathlib import Path; from trivium.ids import new_id; "
        "from trivium.settings import load_settings; from trivium.store.lake import Lake; "
        "from trivium.store.storages import open_storage; root, setting = sys.argv[1:]; "
        "settings = load_settings(Path(root), environ={'TRIVIUM_ROOT': root}, storage=setting); "
        "lake = Lake(open_storage(settings, 'tables'), ids=new_id); "
        "[lake.write('t', 'all', pl.DataFrame({'a': [n]})) for n in range(10)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(place.project), place.setting]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lake = open_lake(place)
    names = [path for path, _, _ in lake.list_paths("t")]
    rows = [pl.read_parquet(lake.storage.get(name)).item() for name in names]
    assert sorted(rows) == sorted([*range(10)] * 3)


def replaced(place: Place) -> Place:
    """The same place, seen by a project on another machine, which has no copies."""
    return Place(place.kind, place.setting, place.project / "elsewhere", place.server)


def open_copy(lake: Lake, file: DataFile) -> pl.DataFrame:
    return pl.read_parquet(lake.local_paths([file])[0])
