"""Rows that were replaced one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from trivium.store.store import connect
from trivium.tables.table import Table

START = datetime(2024, 1, 1)  # noqa: DTZ001 # wall time of the data


def a_day(number: int) -> pl.DataFrame:
    at = [START + timedelta(days=number, minutes=15 * each) for each in range(80)]
    level = [((each + 7 * number) % 80) / 8 + number % 3 for each in range(80)]
    return pl.DataFrame({"id": range(number * 80, number * 80 + 80), "at": at, "level": level})


def test_rows_that_are_replaced_by_themselves_raise_nothing(tmp_path: Path) -> None:
    table = Table("tides", key="id", time="at")
    with connect(tmp_path, actor="ada", durability="fast") as store:
        for number in range(30):
            table.append(a_day(number), store=store)
        again = a_day(29).sample(3, seed=1)
        assert table.upsert(again, store=store).state == "valid"
        assert table.append(a_day(30), store=store).state == "valid"
