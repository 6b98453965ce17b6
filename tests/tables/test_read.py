"""Reading a version."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from trivium.store.store import Store
from trivium.tables.table import Table


def test_a_version_whose_rows_were_all_deleted_still_has_its_columns(
    store: Store, readings: Callable[..., pl.DataFrame]
) -> None:
    table = Table("readings", key="id", time="at", watch="off")
    rows = readings([1, 2], ["2024-01-01", "2024-01-02"])
    table.append(rows)
    table.delete("id > 0")
    assert table.read().collect().equals(rows.clear())
    table.append(rows)
    assert table.read().collect().height == 2
