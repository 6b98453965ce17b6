from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trivium.frames import mapped
from trivium.frames.mapped import map_rows

MAPS = Path("/proc/self/maps")
COLUMNS = {
    "whole": pl.Series([1, 2, None], dtype=pl.Int64),
    "wide": pl.Series([1, 2**100, None], dtype=pl.Int128),
    "wide_list": pl.Series([[1], [2**100], None], dtype=pl.List(pl.Int128)),
    "part": pl.Series([0.5, float("nan"), None]),
    "text": pl.Series(["a", "b" * 100, None]),
    "bytes": pl.Series([b"a", b"", None]),
    "truth": pl.Series([True, False, None]),
    "day": pl.Series([date(2024, 1, 1)] * 3),
    "moment": pl.Series([datetime(2024, 1, 1, tzinfo=UTC)] * 3, dtype=pl.Datetime("ns", "Europe/Berlin")),
    "lasts": pl.Series([timedelta(1)] * 3),
    "price": pl.Series(["1.10", "2.20", None]).cast(pl.Decimal(12, 2)),
    "kind": pl.Series(["a", "b", None], dtype=pl.Categorical),
    "level": pl.Series(["lo", "hi", None], dtype=pl.Enum(["lo", "mid", "hi"])),
    "list": pl.Series([["a"], [], None]),
    "struct": pl.Series([{"x": 1, "y": "b"}, {"x": None, "y": None}, None]),
    "nothing": pl.Series([None] * 3),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_mapped_column_of_any_type_is_what_it_was(name: str, tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": [3, 1, 2], name: COLUMNS[name]})
    assert_frame_equal(map_rows(pl.concat([rows, rows], rechunk=False), tmp_path / "rows"), pl.concat([rows, rows]))


def test_columns_keep_their_order_and_the_file_has_no_name_afterwards(tmp_path: Path) -> None:
    rows = pl.DataFrame(COLUMNS)
    found = map_rows(rows, tmp_path / "rows")
    assert list(tmp_path.iterdir()) == []
    assert_frame_equal(found, rows)


def mapped_bytes() -> int:
    """How much of the process's address space is files that have no name any more."""
    lines = [line.split() for line in MAPS.read_text().splitlines() if "/rows (deleted)" in line]
    return sum(int(end, 16) - int(start, 16) for start, _, end in (line[0].partition("-") for line in lines))


@pytest.mark.skipif(not MAPS.exists(), reason="the system does not tell what is mapped")
def test_rows_are_read_in_place_until_nothing_reads_them(tmp_path: Path) -> None:
    rows = pl.DataFrame({"n": range(100_000)})
    found = map_rows(rows, tmp_path / "rows")
    some = found.slice(10, 5)
    del found
    assert mapped_bytes() >= 800_000
    assert some["n"].to_list() == [10, 11, 12, 13, 14]
    del some
    assert mapped_bytes() == 0


def test_rows_stay_in_memory_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "_find_arrow", lambda: None)
    rows = pl.DataFrame({"id": [1]})
    assert map_rows(rows, tmp_path / "rows") is rows
