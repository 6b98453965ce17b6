"""A small shop: customers in a table, and what surrounds a partition of its orders."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from trivium.store.store import Store
from trivium.tables.surroundings import TableSurroundings, around_commit
from trivium.tables.table import Table
from trivium.values.tables import TableSpec

Around = Callable[..., TableSurroundings]


@pytest.fixture
def customers(store: Store) -> Table:
    """Customers 1 to 4; the e-mail addresses are about persons."""
    table = Table("customers", key="id", pii="email", watch="off")
    rows = pl.DataFrame({"id": [1, 2, 3, 4], "email": ["a@x.org", "b@x.org", "c@x.org", "d@x.org"]})
    table.append(rows, store=store)
    return table


@pytest.fixture
def around(store: Store, customers: Table) -> Around:
    """Makes what surrounds a commit to the orders, of which these rows are published: one commit for each frame."""

    def make(*published: pl.DataFrame, time: str | None = None, pii: tuple[str, ...] = ()) -> TableSurroundings:
        spec = TableSpec("orders", time=time, watch="off", pii=pii)
        orders = Table("orders", time=time, watch="off", pii=pii)
        for rows in published:
            orders.append(rows, store=store)
        return around_commit(store, spec, store.catalog.tables.find_version("orders"))

    return make
