"""Checks that look beyond a partition, through every act that judges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest

from trivium.checks.kinds import distribution, query, references, schema
from trivium.errors import Misuse
from trivium.lineage.column_use import list_declared_uses
from trivium.store.store import Store
from trivium.tables.backtest import check_newest, check_rows, replay_table
from trivium.tables.table import Table
from trivium.tracking.run import run
from trivium.values.tables import CheckSpec

CUSTOMER = references("customer", "customers")
ONCE = query("SELECT id FROM orders GROUP BY id HAVING count(*) > 1", name="once")
Orders = Callable[..., Table]


def rows(day: int, *customers: int, first: int | None = None) -> pl.DataFrame:
    start = 100 * day if first is None else first
    ids = range(start, start + len(customers))
    at = [datetime(2024, 1, day, tzinfo=UTC)] * len(customers)
    return pl.DataFrame({"id": ids, "customer": customers, "at": at})


@pytest.fixture
def orders(store: Store) -> Orders:
    """Makes a table of orders with these checks; there are customers 1 and 2."""
    Table("customers", key="code", watch="off").append([{"code": 1}, {"code": 2}], store=store)
    return lambda *checks, time="at": Table("orders", key="id", time=time, watch="off", checks=checks)


def test_an_order_of_nobody_keeps_its_commit_aside(store: Store, orders: Orders) -> None:
    table = orders(CUSTOMER)
    assert table.append(rows(1, 1, 2), store=store).state == "valid"
    lost = table.append(rows(2, 1, 7), store=store)
    assert lost.state == "quarantined"
    (alert,) = store.catalog.alerts.list_alerts(table="orders")
    assert (alert.column, alert.kind) == ("customer", "references")
    assert alert.evidence["versions"] == {"customers": 1}
    assert [row["customer"] for row in alert.evidence["examples"]] == [7]


def test_a_backfill_is_judged_day_by_day(store: Store, orders: Orders) -> None:
    commit = orders(CUSTOMER).append(pl.concat([rows(1, 1), rows(2, 9), rows(3, 2)]), store=store)
    states = {judgement.partition: judgement.state for judgement in store.catalog.tables.judgements(commit.id)}
    assert states == {"2024-01-01": "valid", "2024-01-02": "quarantined", "2024-01-03": "valid"}


def test_the_table_itself_is_what_an_act_leaves_of_it(store: Store, orders: Orders) -> None:
    table = orders(ONCE)
    table.append(rows(1, 1, 2), store=store)
    assert table.overwrite(rows(1, 1, 2), store=store).state == "valid"
    assert table.upsert(rows(1, 2, 2), store=store).state == "valid"
    assert table.delete("id = 100", store=store).state == "valid"
    assert table.append(rows(2, 1, first=101), store=store).state == "quarantined"


def test_so_it_is_without_event_time(store: Store, orders: Orders) -> None:
    table = orders(ONCE, time=None)
    table.append(rows(1, 1, 2), store=store)
    assert table.upsert(rows(1, 2, 2, 2), store=store).state == "valid"
    assert table.append(rows(1, 1), store=store).state == "quarantined"


def test_rows_can_be_judged_without_a_commit_and_again_after_it(store: Store, orders: Orders) -> None:
    table = orders(CUSTOMER, ONCE, distribution("customer", "ks", 0.6, severity="block"))
    for day in (1, 2, 3):
        table.append(rows(day, 1, 1, 2), store=store)
    (judgement,) = check_rows(store, "orders", rows(4, 8, 9))
    assert {result.check for result in judgement.results if not result.passed} == {CUSTOMER.name, "ks(customer)"}
    assert [judgement.state for judgement in check_newest(store, "orders")] == ["valid"]
    assert [judgement.state for _, judgement in replay_table(store, "orders").walk()] == ["valid"] * 3


def test_a_distribution_looks_at_the_published_past_only(store: Store, orders: Orders) -> None:
    table = orders(distribution("customer", "ks", 0.5, last=1, severity="block"))
    table.append(rows(1, 1, 1), store=store)
    assert table.append(rows(2, 2, 2), store=store).state == "quarantined"
    assert table.append(rows(3, 1, 1), store=store).state == "valid"
    released = table.append(pl.concat([rows(4, 2, 2), rows(5, 1, 1)]), store=store)
    states = [judgement.state for judgement in store.catalog.tables.judgements(released.id)]
    assert states == ["quarantined", "valid"]


def test_a_column_that_changes_type_is_one_failure_of_that_column(store: Store, orders: Orders) -> None:
    table = orders(schema({"customer": int}), CUSTOMER)
    table.append(rows(1, 1), store=store)
    changed = table.append(rows(2, 1).with_columns(customer=pl.lit("one")), store=store)
    assert changed.state == "quarantined"
    (alert,) = store.catalog.alerts.list_alerts(table="orders")
    assert (alert.column, alert.kind) == ("customer", "schema")
    assert [also["kind"] for also in alert.evidence["also"]] == ["references"]


def test_a_query_that_misses_a_column_fails_when_the_column_was_lost(store: Store) -> None:
    table = Table("orders", key="id", time="at", checks=[query("FROM rows WHERE customer < 0", name="known")])
    table.append(rows(1, 1), store=store)
    lost = table.append(rows(2, 1).drop("customer"), store=store)
    assert lost.state == "quarantined"
    messages = [result.message for result in store.catalog.tables.judgements(lost.id)[0].results if not result.passed]
    assert any(message.startswith("known: cannot be evaluated") for message in messages)


def test_other_tables_that_a_check_read_are_no_inputs_of_the_run(store: Store, orders: Orders) -> None:
    table = orders(CUSTOMER, query("FROM customers WHERE code < 0"))
    with run("load", store=store) as loading:
        assert table.append(rows(1, 1), store=store).state == "valid"
        table.read(store=store)
    assert [each.name for each in store.catalog.lineage.reads_of(loading.run)] == ["orders"]


@pytest.mark.parametrize("check", [CUSTOMER, query("FROM rows WHERE customer < 0"), schema({"customer": int})])
def test_a_column_that_a_check_names_keeps_its_name(store: Store, orders: Orders, check: CheckSpec) -> None:
    table = orders(check)
    table.append(rows(1, 1), store=store)
    with pytest.raises(Misuse, match="'customer' \\(in check"):
        table.rename({"customer": "buyer"}, store=store)
    assert list(list_declared_uses(table.spec, "customer")) == [f"check {check.name}"]


def test_which_columns_are_about_persons_is_remembered(store: Store) -> None:
    Table("people", pii=["email"], watch="off").append([{"email": "a@x.org"}], store=store)
    assert store.catalog.tables.get_spec("people").pii == ("email",)


def test_what_is_profiled_anew_after_an_erasure_is_masked_as_before(store: Store) -> None:
    table = Table("people", key="id", pii="city")
    table.append(pl.DataFrame({"id": range(60), "city": ["Auckland", "Oslo", "Lima"] * 20}), store=store)
    table.erase("id = 7", because="ticket 12", store=store)
    (profile,) = store.catalog.tables.profiles("people")
    assert profile.rows == 59
    tops = {column.name: column.top for column in profile.columns}
    assert len(tops["city"]) == 3
    assert not {"Auckland", "Oslo", "Lima"} & set(tops["city"])
