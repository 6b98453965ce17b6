"""The online copy of a table follows it, whatever happens to the table, and reads no more than what changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.store.catalog.content import content_digest, content_of
from trivium.store.lake import Lake
from trivium.store.store import Store, connect
from trivium.tables.compact import compact_table
from trivium.tables.online_copy import find_merged
from trivium.tables.table import Table
from trivium.values.tables import DataFile

Readings = Callable[..., pl.DataFrame]
Pair = tuple[int, int]
TABLE = Table("readings", key="id", time="at", watch="off")
DAY = "2024-01-01 "
START = datetime(2024, 1, 1)  # noqa: DTZ001 # as the rows have it

PAIR = st.tuples(st.integers(0, 5), st.integers(0, 71))
PAIRS = st.lists(PAIR, min_size=1, max_size=5)
ASKED = st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(-1, 72))), max_size=6)
ACTS = st.one_of(
    st.tuples(st.just("append"), PAIRS),
    st.tuples(st.just("overwrite"), PAIRS),
    st.tuples(st.just("upsert"), st.lists(PAIR, min_size=1, max_size=3, unique_by=lambda pair: pair[0])),
    st.tuples(st.just("delete"), PAIR),
    st.tuples(st.just("erase"), st.integers(0, 5)),
    st.tuples(st.just("compact"), st.none()),
    st.tuples(st.just("restore"), st.integers(1, 3)),
    st.tuples(st.just("look up"), ASKED),
    st.tuples(st.just("look up"), ASKED),
)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def rows_of(pairs: Sequence[Pair], first: int) -> pl.DataFrame:
    columns = {"id": [key for key, _ in pairs], "at": [at(hour) for _, hour in pairs]}
    return pl.DataFrame({**columns, "x": [float(first + place) for place in range(len(pairs))]})


def act(store: Store, table: Table, kind: str, given: Any, number: int) -> None:
    """One thing that happens to the table."""
    if kind in {"append", "overwrite", "upsert"}:
        getattr(table, kind)(rows_of(given, number * 100), store=store)
    elif kind == "delete":
        table.delete(f"id = {given[0]} AND \"at\" >= TIMESTAMP '{at(given[1])}'", store=store)
    elif kind == "erase":
        table.erase(f"id = {given}", because="asked to", store=store)
    elif kind == "compact":
        compact_table(store, table.name)
    elif kind == "restore":
        newest = table.get_latest(store=store).version or 1
        table.restore(max(1, newest - given), store=store)
    else:
        look_up(store, table, given)


def look_up(store: Store, table: Table, asked: Sequence[tuple[int, int | None]]) -> None:
    """What is found, together and one by one, is what reading the whole table finds."""
    whole = table.read(store=store).collect()
    rows = whole.select("id", "at", "x").rows() if whole.height else []
    keys, moments = [key for key, _ in asked], [None if hour is None else at(hour) for _, hour in asked]
    expected = [last_of(rows, key, moment) for key, moment in zip(keys, moments, strict=True)]
    together = table.lookup(keys, at=moments, store=store)
    assert [found.values and found.values["x"] for found in together] == expected
    for key, moment, value in zip(keys, moments, expected, strict=True):
        (found,) = table.lookup([key], at=[moment], store=store)
        assert (found.values and found.values["x"]) == value


def last_of(rows: Sequence[tuple[int, datetime, float]], key: int, moment: datetime | None) -> float | None:
    """The last of the newest rows of this key."""
    known = [
        (time, place, x) for place, (each, time, x) in enumerate(rows)
        if each == key and (moment is None or time <= moment)
    ]  # fmt: skip
    return max(known)[2] if known else None


@pytest.mark.filterwarnings("ignore:readings version")
@settings(deadline=None, max_examples=25)
@given(PAIRS, st.lists(ACTS, max_size=8), ASKED)
def test_a_lookup_finds_what_reading_the_table_finds(
    pairs: list[Pair], acts: list[tuple[str, Any]], asked: list[tuple[int, int | None]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, connect(folder, durability="fast") as store:
        TABLE.append(rows_of(pairs, 0), store=store)
        for number, (kind, given) in enumerate(acts, 1):
            act(store, TABLE, kind, given, number)
        look_up(store, TABLE, [*asked, *((key, None) for key in range(6))])


@pytest.fixture
def read(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the data files that are read from now on."""
    paths: list[str] = []
    scan = Lake.scan

    def counted(lake: Lake, files: Iterable[DataFile], columns: Sequence[str] = ()) -> pl.LazyFrame:
        listed = list(files)
        paths.extend(file.path for file in listed)
        return scan(lake, listed, columns)

    monkeypatch.setattr(Lake, "scan", counted)
    return paths


def values(keys: list[int], moments: list[datetime | None] | None = None) -> list[float | None]:
    return [found.values["x"] if found.values else None for found in TABLE.lookup(keys, at=moments)]


def test_a_compaction_causes_no_work(store: Store, readings: Readings, read: list[str]) -> None:
    for hour in range(4):
        TABLE.append(readings([hour], [f"{DAY}1{hour}:00:00"]))
    assert values([3]) == [3.0]
    assert compact_table(store, "readings") == 4
    read.clear()
    assert values([0, 1, 2, 3]) == [0.0, 1.0, 2.0, 3.0]
    assert read == []
    commit = TABLE.append(readings([4], [DAY + "14:00:00"]))
    read.clear()
    assert values([0, 1, 2, 3, 4]) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert read == [file.path for file in commit.added]


def test_only_files_that_came_or_went_are_read(store: Store, readings: Readings, read: list[str]) -> None:
    for day in range(1, 6):
        TABLE.append(readings([day, 9], [f"2024-01-0{day} 10:00:00", f"2024-01-0{day} 11:00:00"]))
    assert values([3]) == [3.0]
    before = store.catalog.tables.files("readings", 5)
    commit = TABLE.delete("id = 3")
    read.clear()
    assert values([3, 9, 2], [None, at(60), None]) == [None, 9.0, 2.0]
    assert set(read) == {*commit.removed, *(file.path for file in commit.added)}
    assert len(before) == 5


def test_a_commit_to_another_table_reads_nothing(store: Store, readings: Readings, read: list[str]) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    assert values([1]) == [1.0]
    Table("other", watch="off").append(pl.DataFrame({"x": [1]}))
    read.clear()
    assert values([1]) == [1.0]
    assert read == []


def test_an_erased_row_is_not_in_the_online_store_nor_in_its_free_pages(store: Store) -> None:
    table = Table("people", key="id", watch="off")
    names = ["Xanthippe-Quarrington", *(f"person {number}" for number in range(200))]
    table.append(pl.DataFrame({"id": range(201), "name": names}))
    assert [found.values for found in table.lookup([0])] == [{"name": names[0]}]
    table.erase("id = 0", because="asked to")
    files = [file for file in (store.settings.state / "online").iterdir() if file.is_file()]
    assert not [file.name for file in files if b"Quarrington" in file.read_bytes()]
    assert [found.values for found in table.lookup([0, 1])] == [None, {"name": "person 0"}]


def test_renamed_columns_are_found_by_their_new_names(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    TABLE.append(readings([2], ["2024-01-02 10:00:00"]))
    assert values([1, 2]) == [1.0, 2.0]
    TABLE.rename({"x": "y"})
    assert [found.values for found in TABLE.lookup([1, 2])] == [{"y": 1.0}, {"y": 2.0}]


def test_a_removed_file_whose_bytes_are_gone_is_forgotten_all_the_same(store: Store, readings: Readings) -> None:
    for day in (1, 2, 3):
        TABLE.append(readings([day, 9], [f"2024-01-0{day} 10:00:00", f"2024-01-0{day} 11:00:00"]))
    assert values([3, 9]) == [3.0, 9.0]
    removed = TABLE.delete('id IN (3, 9) AND x > 2 AND day("at") = 3').removed
    store.lake.delete(removed[0])
    assert values([3, 9, 2], [None, at(60), None]) == [None, 9.0, 2.0]


def test_a_copy_that_is_ahead_of_its_catalog_is_made_again(tmp_path: Path, readings: Readings) -> None:
    with connect(tmp_path / "one") as store:
        for x in (1.0, 2.0):
            TABLE.append(readings([1], [DAY + "10:00:00"], x=[x]))
        assert values([1]) == [2.0]
        online = store.settings.state / "online"
    with connect(tmp_path / "two") as store:
        TABLE.append(readings([1], [DAY + "10:00:00"], x=[3.0]))
        shutil.copytree(online, store.settings.state / "online", dirs_exist_ok=True)
        assert values([1]) == [3.0]


VALUES = pl.DataFrame(
    {"id": [1, 2, 3], "real": [float("nan"), None, -0.0], "list": [[1.5], None, []], "text": ["", None, "x"],
     "when": [at(0), None, at(1)], "bytes": [b"a", None, b""], "record": [{"a": 1}, None, {"a": None}]}
)  # fmt: skip


def test_rows_of_a_rewritten_file_are_compared_by_every_value(store: Store) -> None:
    table = Table("kinds", key="id", watch="off")
    table.append(VALUES)
    before = [found.values for found in table.lookup([1, 2, 3])]
    table.upsert(VALUES.filter(pl.col("id") == 1).with_columns(text=pl.lit("new")))
    found = [found.values for found in table.lookup([1, 2, 3])]
    assert repr(found[0]) == repr({**(before[0] or {}), "text": "new"})  # NaN is not equal to itself
    assert found[1:] == before[1:]


def file_of(place: int, content: int, *, merged: bool = False, partition: str = "all") -> DataFile:
    number = content_digest(content)
    return DataFile(f"{partition}/{place}{'m' * merged}", partition, 1, 1, "", content=number, rank=place)


def test_a_merged_file_is_known_by_the_contents_of_the_neighbours_that_it_replaced() -> None:
    gone = [file_of(place, content) for place, content in enumerate([5, 2**256 - 1, 7, 11, 5])]
    whole = [file_of(1, content_of(gone[1]) + 7, merged=True), file_of(4, 16, merged=True)]
    assert [(each.file, each.replaced) for each in find_merged(gone, whole)] == [
        (whole[0], (gone[1].path, gone[2].path)), (whole[1], (gone[3].path, gone[4].path)),
    ]  # fmt: skip


def test_a_file_with_other_rows_replaces_nothing() -> None:
    gone = [file_of(place, content) for place, content in enumerate([5, 6, 7])]
    assert list(find_merged(gone, [file_of(9, 12, merged=True)])) == []  # 5 + 7 are no neighbours
    assert list(find_merged(gone, [file_of(9, 11, merged=True, partition="other")])) == []
    assert list(find_merged([], [file_of(9, 0, merged=True)])) == []
