"""An objective on a check of an endpoint: its days are recorded, and its error budget is used up like any other."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from msgspec.structs import replace

from trivium.checks.metric import metric
from trivium.checks.objective import objective
from trivium.serving.collect import log_table
from trivium.serving.watch import metrics_table, watch_endpoint
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.tables.table import Table
from trivium.values.endpoints import EndpointSpec, Labels

DAYS = [datetime(2024, 3, day, 12) for day in (1, 2, 3)]  # noqa: DTZ001 # event times of these tables have no zone
AUC = metric("auc", at_least=0.7, window="1d", by="depot")
SPEC = EndpointSpec(
    "parcels", "parcels", "parcel", "sent_at", labels=Labels("arrivals", "delay > 15"), owner="grace",
    checks=(objective(AUC, "50 % of days in 4 d"),),
)  # fmt: skip


def live_through(store: Store, day: datetime, *, right: bool) -> None:
    """A day of four hundred parcels, half of them late, that the model tells apart, or takes for the other half."""
    parcels = [f"{day:%d}-{number}" for number in range(400)]
    late = [number % 2 == 0 for number in range(400)]
    scores = [(0.8 if each is right else 0.2) + number / 10_000 for number, each in enumerate(late)]
    rows = pl.DataFrame(
        {
            "request_id": parcels, "parcel": parcels, "sent_at": [day] * 400, "version": [1] * 400, "score": scores,
            "answered": [True] * 400, "depot": ["north", "north", "south", "south"] * 100,
        }
    )  # fmt: skip
    commit_rows(store, log_table(SPEC), rows)
    truth = {"parcel": parcels, "sent_at": [day] * 400, "delay": [20.0 if each else 0.0 for each in late]}
    Table("arrivals", key="parcel", time="sent_at", watch="off").append(pl.DataFrame(truth))
    watch_endpoint(store, SPEC, f"{day:%Y-%m-%d}")


def test_a_day_on_which_the_metric_was_too_low_costs_a_day_however_many_slices_failed(store: Store) -> None:
    live_through(store, DAYS[0], right=True)
    live_through(store, DAYS[1], right=False)
    (budget,) = store.catalog.tables.budgets("parcels_metrics")
    assert (budget.check, budget.owner, budget.judged, budget.failures) == (AUC.name, "grace", 2, ("2024-03-02",))
    assert budget.remaining == 0.5


def test_the_day_that_uses_the_budget_up_is_an_event_and_keeps_no_metric_out(store: Store) -> None:
    for day in DAYS:
        live_through(store, day, right=False)
    (event,) = store.catalog.events.list_events(kind="check.budget_exhausted")
    assert (event.subject, event.detail["failed"]) == ("parcels_metrics", 2)
    assert {commit.state for commit in store.catalog.tables.list_commits("parcels_metrics")} == {"valid"}


def test_watching_a_day_again_costs_nothing_more(store: Store) -> None:
    live_through(store, DAYS[0], right=False)
    before = store.catalog.tables.budgets("parcels_metrics")
    watch_endpoint(store, SPEC, f"{DAYS[0]:%Y-%m-%d}")
    assert store.catalog.tables.budgets("parcels_metrics") == before


def test_a_check_without_an_objective_leaves_the_table_of_metrics_as_it_was() -> None:
    assert metrics_table(replace(SPEC, checks=(AUC,))).checks == ()
