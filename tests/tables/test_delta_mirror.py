"""Other engines read every version of a table without us, from a Delta Lake log beside its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

import trivium as tv
from trivium.store.store import Store
from trivium.tables.compact import compact_table
from trivium.tables.delta_mirror import Mirrored, forget_mirror, mirror_table

PEOPLE = tv.Table("people", key="id", watch="off")


def people(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String}, orient="row")


def folder(store: Store, table: str = "people") -> Path:
    return store.lake.root / table


def seen_by_delta(store: Store, version: int | None = None) -> list[tuple[object, ...]]:
    table = DeltaTable(folder(store), version=version)
    return sorted(pl.DataFrame(table.to_pyarrow_table()).rows())


def seen_by_us(store: Store, version: int | None = None) -> list[tuple[object, ...]]:
    return sorted(PEOPLE.read(version, store=store).collect().rows())


@pytest.fixture
def lived(store: Store) -> Store:
    """A table with every kind of change behind it."""
    PEOPLE.append(people((1, "ada"), (2, "bob")), store=store)
    PEOPLE.append(people((3, "cyd")), store=store)
    compact_table(store, "people")
    PEOPLE.upsert(people((2, "bert"), (4, "dan")), store=store)
    PEOPLE.append(people((5, "eve")), store=store)
    compact_table(store, "people")
    compact_table(store, "people")
    PEOPLE.delete("id = 1", store=store)
    PEOPLE.restore(2, store=store)
    PEOPLE.append(people((6, "fay")), store=store)
    return store


def test_every_version_reads_the_same_through_the_delta_log(lived: Store) -> None:
    newest = PEOPLE.get_latest(store=lived).version or 0
    assert [seen_by_delta(lived, version) for version in range(1, newest + 1)] == [
        seen_by_us(lived, version) for version in range(1, newest + 1)
    ]
    assert DeltaTable(folder(lived)).version() == newest


def test_polars_and_duckdb_read_the_newest_version(lived: Store) -> None:
    assert sorted(pl.scan_delta(str(folder(lived))).collect().rows()) == seen_by_us(lived)
    paths = [str(folder(lived) / path) for path in DeltaTable(folder(lived)).file_uris()]
    assert sorted(duckdb.read_parquet(paths).fetchall()) == seen_by_us(lived)


def test_columns_that_came_later_or_were_renamed_are_seen(store: Store) -> None:
    PEOPLE.append(people((1, "ada")), store=store)
    PEOPLE.append(people((2, "bob")).with_columns(age=pl.lit(7)), store=store)
    PEOPLE.rename({"name": "called"}, store=store)
    assert pl.DataFrame(DeltaTable(folder(store)).to_pyarrow_table()).sort("id").to_dicts() == [
        {"id": 1, "called": "ada", "age": None},
        {"id": 2, "called": "bob", "age": 7},
    ]
    assert DeltaTable(folder(store), version=1).schema().to_arrow().names == ["id", "name"]


def test_the_mirror_is_made_anew_when_it_was_lost(lived: Store) -> None:
    before = seen_by_delta(lived)
    forget_mirror(lived, "people")
    mirror_table(lived, "people")
    assert seen_by_delta(lived) == before


def test_the_mirror_catches_up_after_a_crash_between_commit_and_mirror(lived: Store) -> None:
    for file in sorted((folder(lived) / "_delta_log").glob("*.json"))[-2:]:
        file.unlink()
    lived.kept.get(Mirrored).tables.clear()
    PEOPLE.append(people((9, "zoe")), store=lived)
    assert seen_by_delta(lived) == seen_by_us(lived)


def test_an_entry_that_a_power_loss_tore_is_written_again(lived: Store) -> None:
    newest = sorted((folder(lived) / "_delta_log").glob("*.json"))[-1]
    newest.write_bytes(newest.read_bytes()[:40])
    lived.kept.get(Mirrored).tables.clear()
    PEOPLE.append(people((9, "zoe")), store=lived)
    assert seen_by_delta(lived) == seen_by_us(lived)


def test_a_checkpoint_says_what_the_entries_add_up_to(store: Store) -> None:
    for number in range(105):
        PEOPLE.append(people((number, f"name {number}")), store=store)
    assert len(list((folder(store) / "_delta_log").glob("*.checkpoint.parquet"))) == 1
    for entry in sorted((folder(store) / "_delta_log").glob("*.json"))[:100]:
        entry.unlink()
    assert seen_by_delta(store) == seen_by_us(store)
    assert len(seen_by_delta(store, 101)) == 101


VALUES: dict[str, pl.Series] = {
    "int8": pl.Series([1, None], dtype=pl.Int8),
    "float32": pl.Series([1.5, None], dtype=pl.Float32),
    "bool": pl.Series([True, None]),
    "text": pl.Series(["a", None]),
    "bytes": pl.Series([b"a", None]),
    "day": pl.Series([date(2024, 1, 1), None]),
    "moment": pl.Series([datetime(2024, 1, 1, tzinfo=UTC), None]),
    "wall": pl.Series([datetime(2024, 1, 1), None]),  # noqa: DTZ001 # a time without a zone is what is tried
    "decimal": pl.Series([Decimal("1.25"), None], dtype=pl.Decimal(10, 2)),
    "list": pl.Series([[1, 2], None]),
    "struct": pl.Series([{"a": 1, "b": ["x"]}, None]),
}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_types_that_delta_has_come_through_as_they_are(store: Store, name: str) -> None:
    table = tv.Table("types", watch="off")
    rows = pl.DataFrame({"n": [1, 2], "value": VALUES[name]})
    table.append(rows, store=store)
    assert pl.DataFrame(DeltaTable(folder(store, "types")).to_pyarrow_table()).to_dicts() == rows.to_dicts()


@pytest.mark.parametrize("values", [pl.Series([2**63], dtype=pl.UInt64), pl.Series([1], dtype=pl.Duration("us"))])
def test_a_type_that_delta_lacks_leaves_the_table_without_a_mirror(
    store: Store, values: pl.Series, clock: Callable[[], datetime]
) -> None:
    table = tv.Table("types", watch="off")
    table.append(pl.DataFrame({"value": values}), store=store)
    assert table.read(store=store).collect()["value"].to_list() == values.to_list()
    assert not (folder(store, "types") / "_delta_log").exists()
