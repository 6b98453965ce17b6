"""SQL over tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.tables.diff import diff_versions
from trivium.tables.query import query_tables
from trivium.tables.table import Table

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def flights(store: Store) -> Table:
    """Two versions of a table: two days, then a third one with another column."""
    table = Table("flights", key="id", time="at", watch="off")
    table.append([{"id": day, "at": START + timedelta(days=day), "miles": 10 * day} for day in (0, 1)], store=store)
    table.append([{"id": 2, "at": START + timedelta(days=2), "miles": 20, "seats": 3}], store=store)
    return table


def test_a_query_tells_which_versions_it_read(store: Store, flights: Table) -> None:
    answer = query_tables(store, "SELECT count(*) AS n FROM flights")
    assert (answer.rows["n"].to_list(), answer.versions, answer.complete) == ([3], {"flights": 2}, True)
    old = query_tables(store, "SELECT count(*) AS n FROM flights", at={"flights": 1})
    assert (old.rows["n"].to_list(), old.versions) == ([2], {"flights": 1})


def test_tables_inside_of_common_table_expressions_are_found(store: Store, flights: Table) -> None:
    statement = 'WITH far AS (SELECT * FROM "flights" WHERE miles > 5) SELECT max(seats) AS most FROM far'
    assert query_tables(store, statement).rows.to_dicts() == [{"most": 3}]


def test_without_a_table_in_it_a_query_sees_all_of_them(store: Store, flights: Table) -> None:
    assert query_tables(store, "SHOW TABLES").rows["name"].to_list() == ["flights"]


def test_wide_numbers_become_plain_ones(store: Store, flights: Table) -> None:
    rows = query_tables(store, "SELECT sum(miles) AS total, 1.5 AS half, 2::HUGEINT ** 80 AS big FROM flights").rows
    assert rows.row(0) == (30, 1.5, 2.0**80)
    assert rows.schema == {"total": pl.Int64, "half": pl.Float64, "big": pl.Float64}


def test_the_order_of_the_query_is_kept_under_the_limit(store: Store, flights: Table) -> None:
    answer = query_tables(store, "SELECT id FROM flights ORDER BY id DESC", limit=2)
    assert (answer.rows["id"].to_list(), answer.complete) == ([2, 1], False)


def test_a_version_that_is_not_there_is_not_found(store: Store, flights: Table) -> None:
    with pytest.raises(NotFound, match="no version 9"):
        query_tables(store, "FROM flights", at={"flights": 9})


@pytest.mark.parametrize("statement", ["DELETE FROM flights", "CREATE TABLE x AS FROM flights", "SELECT 1; SELECT 2"])
def test_anything_but_one_select_is_misuse(store: Store, flights: Table, statement: str) -> None:
    with pytest.raises(Misuse, match="one SELECT"):
        query_tables(store, statement)


def test_a_difference_tells_rows_columns_and_partitions(store: Store, flights: Table) -> None:
    flights.overwrite([{"id": 0, "at": START, "miles": 11}], store=store)
    diff = diff_versions(store, "flights", 1)
    assert (diff.new, diff.rows_before, diff.rows_after) == (3, 2, 3)
    assert [column.name for column in diff.columns_added] == ["seats"]
    assert (diff.partitions_added, diff.partitions_changed) == (("2024-01-03",), ("2024-01-01",))
    back = diff_versions(store, "flights", 3, 1)
    assert back.partitions_removed == ("2024-01-03",)
    assert [column.name for column in back.columns_removed] == ["seats"]
