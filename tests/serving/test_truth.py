"""Predictions meet the truth that came for them, once."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from trivium.serving.canary import find_candidate, find_settled
from trivium.serving.collect import log_table
from trivium.serving.truth import read_labelled
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.tables.table import Table
from trivium.values.endpoints import EndpointSpec, Labels, Route, Verdict

NOON = datetime(2024, 3, 1, 12)  # noqa: DTZ001 # event times of these tables have no zone
SPEC = EndpointSpec("parcels", "parcels", "parcel", "sent_at", labels=Labels("arrivals", "delay > 15"))
arrivals = Table("arrivals", key="parcel", time="sent_at", watch="off")


@pytest.fixture
def asked(store: Store) -> Store:
    """Two parcels were asked about, by version 1."""
    rows = {"request_id": ["r1", "r2"], "parcel": ["p1", "p2"], "sent_at": [NOON, NOON], "version": [1, 1]}
    commit_rows(store, log_table(SPEC), pl.DataFrame({**rows, "score": [0.2, 0.8], "answered": [True, True]}))
    return store


def deliver(parcels: list[str], delays: list[float]) -> None:
    """The truth about these parcels arrives."""
    arrivals.append(pl.DataFrame({"parcel": parcels, "sent_at": [NOON] * len(parcels), "delay": delays}))


def test_a_label_that_has_not_come_is_null(asked: Store) -> None:
    assert read_labelled(asked, SPEC)["label"].to_list() == [None, None]
    deliver(["p1"], [20.0])
    assert read_labelled(asked, SPEC).sort("request_id")["label"].to_list() == [1.0, None]


def test_a_label_that_comes_twice_counts_once_and_the_newer_one_holds(asked: Store) -> None:
    deliver(["p1", "p2"], [20.0, 0.0])
    deliver(["p1"], [5.0])
    assert read_labelled(asked, SPEC).sort("request_id")["label"].to_list() == [0.0, 0.0]


def test_a_candidate_that_comes_back_is_judged_anew(store: Store) -> None:
    endpoints = store.catalog.endpoints
    endpoint = endpoints.deploy(SPEC, (Route(1, "champion"), Route(2, "canary", 0.5)), actor="ada")
    verdict = Verdict("parcels", 2, 1, "roll_back", "surely worse", {"routes_seq": endpoint.routes_seq}, store.clock())
    endpoints.record_verdict(verdict, actor="ada")
    assert find_settled(store, endpoint, find_candidate(endpoint)) == verdict  # recorded, then killed: it is finished
    endpoints.set_routes("parcels", (Route(1, "champion"),), because="rolled back", actor="ada")
    endpoint = endpoints.set_routes(
        "parcels", (Route(1, "champion"), Route(2, "canary", 0.5)), because="x", actor="ada"
    )
    assert find_settled(store, endpoint, find_candidate(endpoint)) is None
