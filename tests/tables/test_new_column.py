"""A column that appears later."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from trivium.store.store import Store
from trivium.tables.table import Table

DAY = datetime(2024, 1, 1)  # noqa: DTZ001 # event times without a zone, as files have them
NEXT = datetime(2024, 1, 2)  # noqa: DTZ001


def test_a_column_that_appears_later_is_read_and_null_before(store: Store) -> None:
    table = Table("readings", key="id", time="at")
    table.append([{"id": 1, "at": DAY, "temp": 1.5}], store=store)
    table.append([{"id": 2, "at": NEXT, "temp": 2.5, "wind": 7}], store=store)
    rows = table.read(store=store).collect()
    assert rows.columns == ["id", "at", "temp", "wind"]
    assert rows.sort("id")["wind"].to_list() == [None, 7]


def test_an_older_version_has_the_columns_of_its_time(store: Store) -> None:
    table = Table("readings", key="id", time="at")
    table.append([{"id": 1, "at": DAY, "temp": 1.5}], store=store)
    table.append([{"id": 2, "at": NEXT, "temp": 2.5, "wind": 7}], store=store)
    assert table.read(1, store=store).collect_schema().names() == ["id", "at", "temp"]


def test_files_are_scanned_with_the_columns_of_all_of_them(store: Store, tmp_path: Path) -> None:
    files = [
        store.lake.write("readings", "all", pl.DataFrame({"a": [1]})),
        store.lake.write("readings", "all", pl.DataFrame({"b": ["x"]})),
    ]
    assert set(store.lake.scan(files).collect_schema().names()) == {"a", "b"}
