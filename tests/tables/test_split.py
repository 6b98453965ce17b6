"""The newest rows are the exam."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from trivium.errors import Misuse, SchemaMismatch
from trivium.store.store import Store
from trivium.tables.split import split_rows
from trivium.tables.table import Table

Readings = Callable[..., pl.DataFrame]
DAYS = [f"2024-01-0{day} 12:00:00" for day in range(1, 10)]


def test_the_exam_is_everything_within_the_length_of_the_newest_moment(readings: Readings) -> None:
    past, exam = split_rows(readings(list(range(1, 10)), DAYS), time="at", latest="3d")
    assert (past["id"].to_list(), exam["id"].to_list()) == ([1, 2, 3, 4, 5, 6], [7, 8, 9])


def test_no_row_is_lost_and_none_is_on_both_sides_whatever_their_order(readings: Readings) -> None:
    rows = readings(list(range(1, 10)), DAYS).sample(fraction=1, shuffle=True, seed=1)
    past, exam = split_rows(rows.lazy(), time="at", latest="36h")
    assert sorted([*past["id"], *exam["id"]]) == list(range(1, 10))
    assert str(past["at"].max()) < str(exam["at"].min())


def test_dates_are_split_too(readings: Readings) -> None:
    rows = readings(list(range(1, 10)), DAYS).with_columns(pl.col("at").dt.date())
    assert split_rows(rows, time="at", latest="2d")[1]["id"].to_list() == [8, 9]


def test_a_table_is_split_as_its_rows_are(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", watch="off")
    table.append(readings([1, 2, 3], DAYS[:3]))
    whole, as_it_was = (split_rows(rows, time="at", latest="1d") for rows in (table, table.at(1)))
    assert [side["id"].to_list() for side in whole] == [side["id"].to_list() for side in as_it_was] == [[1, 2], [3]]


def test_rows_without_a_time_are_refused(readings: Readings) -> None:
    with pytest.raises(SchemaMismatch, match="1 of 3 rows have no 'at'"):
        split_rows(readings([1, 2, 3], [DAYS[0], None, DAYS[8]]), time="at", latest="1d")


def test_a_split_without_a_past_is_refused(readings: Readings) -> None:
    with pytest.raises(Misuse, match="All 2 rows are within 30d of the newest"):
        split_rows(readings([1, 2], DAYS[:2]), time="at", latest="30d")


def test_a_column_that_is_not_there_is_refused(readings: Readings) -> None:
    with pytest.raises(SchemaMismatch, match="no column 'when' to split by"):
        split_rows(readings([1], DAYS[:1]), time="when", latest="1d")
