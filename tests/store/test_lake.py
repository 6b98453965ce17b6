"""The files of tables: immutable, and checked against their digest."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trivium.errors import CorruptObject, NotFound
from trivium.ids import new_id
from trivium.store.lake import Lake

ROWS = pl.DataFrame({"id": [1, 2, 3], "x": ["a", None, "c"]})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(tmp_path / "tables", ids=new_id)


def test_a_file_says_what_it_holds(lake: Lake) -> None:
    file = lake.write("flights", "2024-01-01", ROWS)
    assert (file.partition, file.rows, file.bytes) == ("2024-01-01", 3, lake.path(file).stat().st_size)
    assert file.path.startswith("flights/2024-01-01/")
    assert lake.scan([file]).collect().equals(ROWS)
    lake.verify(file)


def test_two_writes_are_two_files(lake: Lake) -> None:
    first, second = lake.write("flights", "all", ROWS), lake.write("flights", "all", ROWS)
    assert first.path != second.path
    assert lake.scan([first, second]).collect().height == 6


@pytest.mark.parametrize("place", [0, 40, -1])
def test_one_flipped_bit_is_found(lake: Lake, place: int) -> None:
    file = lake.write("flights", "all", ROWS)
    content = bytearray(lake.path(file).read_bytes())
    content[place] ^= 1
    lake.path(file).write_bytes(content)
    with pytest.raises(CorruptObject, match="was changed on disk after its commit; restore it from a back-up"):
        lake.verify(file)


def test_swapped_files_are_found(lake: Lake) -> None:
    first, second = lake.write("flights", "all", ROWS), lake.write("flights", "all", ROWS.head(1))
    lake.path(first).write_bytes(lake.path(second).read_bytes())
    with pytest.raises(CorruptObject):
        lake.verify(first)


def test_gone_bytes_are_not_found(lake: Lake) -> None:
    file = lake.write("flights", "all", ROWS)
    lake.path(file).unlink()
    with pytest.raises(NotFound, match="is gone; restore it from a back-up"):
        lake.scan([file])
    with pytest.raises(NotFound):
        lake.verify(file)


def test_a_write_that_fails_midway_leaves_no_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(frame: pl.DataFrame, path: Path, **options: object) -> None:
        path.write_bytes(b"PAR1")
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", half)
    with pytest.raises(OSError, match="disk full"):
        lake.write("flights", "all", ROWS)
    assert [path for path in lake.root.rglob("*") if path.is_file()] == []


def test_columns_that_a_file_lacks_are_null_whichever_file_comes_first(lake: Lake) -> None:
    old, new = (
        lake.write("t", "1", pl.DataFrame({"id": [1]})),
        lake.write("t", "2", pl.DataFrame({"id": [2], "x": [5]})),
    )
    for files in ([old, new], [new, old]):
        assert lake.scan(files).sort("id").collect().rows() == [(1, None), (2, 5)]


def test_a_column_without_values_takes_the_type_of_the_file_that_has_some(lake: Lake) -> None:
    empty = lake.write("t", "1", pl.DataFrame({"id": [1], "x": [None]}))
    typed = lake.write("t", "2", pl.DataFrame({"id": [2], "x": ["a"]}))
    for files in ([empty, typed], [typed, empty]):
        for columns in ((), ("id", "x")):
            assert lake.scan(files, columns).sort("id").collect().rows() == [(1, None), (2, "a")]
    assert lake.scan([empty], ("id", "x")).collect().rows() == [(1, None)]


def test_columns_come_in_the_order_of_the_table(lake: Lake) -> None:
    file = lake.write("t", "1", pl.DataFrame({"x": [5], "id": [2]}))
    assert lake.scan([file], ("id", "x")).collect().columns == ["id", "x"]


def test_a_name_with_signs_of_a_pattern_is_one_name(lake: Lake) -> None:
    file = lake.write("t", "[a]*", ROWS)
    assert lake.scan([file]).collect().height == 3
