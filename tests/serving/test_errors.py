"""Requests that the endpoint itself fails on: in the journal, in the prediction table, in the rate of errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from tests.serving.conftest import DAY, INPUTS, make_rows, weather

from trivium.checks.kinds import rule
from trivium.checks.metric import error_rate, latency, metric
from trivium.errors import Misuse, SchemaMismatch, TriviumError
from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.promotion import approve, promote
from trivium.models.register import register
from trivium.serving.endpoint import Endpoint
from trivium.serving.hall import Hall
from trivium.store.store import Store
from trivium.tables.read import read_version

TODAY = f"{DAY:%Y-%m-%d}"
Parcels = Callable[..., list[dict[str, Any]]]


class Scales(LogisticRegression):  # type: ignore[misc] # scikit-learn has no types
    """A model that breaks under more than a hundred kilograms."""

    def predict_proba(self, X: Any) -> Any:  # noqa: N803 # the estimators' own name
        if X["weight"].max() > 100:
            raise OverflowError("the scales are broken")
        return super().predict_proba(X)


@pytest.fixture
def hall(store: Store, endpoint: Endpoint) -> Hall:
    """What a gateway holds: the endpoint, with a model that breaks."""
    rows = make_rows(300, seed=1)
    hall = Hall(store)
    served = hall.find("parcels")
    fragile = Model(Scales().fit(rows.select(INPUTS), rows["late"]), rows.select(INPUTS))
    hall.served["parcels"] = replace(served, models={1: fragile})
    return hall


@pytest.fixture
def endpoint(store: Store) -> Endpoint:
    """At most one request in a hundred may fail."""
    rows = make_rows(300, seed=1)
    model = Model(LogisticRegression().fit(rows.select(INPUTS), rows["late"]), rows.select(INPUTS))
    register("parcels", model, evaluate(model, rows, target="late"))
    approve(store, "parcels", 1, because="even", actor="grace", override=True)
    promote(store, "parcels", 1, because="the first")
    promised = error_rate(at_most=0.01, window="1d")
    door = Endpoint("parcels", key="parcel", time="sent_at", checks=[promised, latency(p99="60s")])
    door.deploy("champion")
    return door


def ask(hall: Hall, records: list[dict[str, Any]]) -> None:
    hall.ask("parcels", records, [record["parcel"] for record in records])


def fail(hall: Hall, records: list[dict[str, Any]]) -> None:
    for record in records:
        with pytest.raises(OverflowError, match="the scales are broken"):
            ask(hall, [{**record, "weight": 101.0}])


def test_a_request_that_the_model_fails_on_is_in_the_prediction_table_with_its_error(
    store: Store, hall: Hall, endpoint: Endpoint, parcels: Parcels
) -> None:
    fail(hall, parcels(1, wind=3.0))
    hall.journals["parcels"].rotate()
    endpoint.collect()
    (row,) = read_version(store, "parcels_predictions").collect().to_dicts()
    assert (row["parcel"], row["answered"], row["score"], row["version"]) == ("p0", True, None, 1)
    assert row["error"] == "OverflowError: the scales are broken"
    assert (row["wind"], row["weight"]) == (3.0, 101.0)


def test_asking_again_under_the_same_id_gives_an_answer_that_is_kept(
    store: Store, hall: Hall, endpoint: Endpoint, parcels: Parcels
) -> None:
    fail(hall, parcels(1, wind=3.0))
    ask(hall, parcels(1, wind=3.0))
    hall.journals["parcels"].rotate()
    endpoint.collect()
    rows = read_version(store, "parcels_predictions").collect()
    assert rows.filter(pl.col("score").is_not_null())["request_id"].to_list() == ["p0"]
    assert rows.height == 2


def test_what_a_caller_did_wrong_is_no_failure_of_the_endpoint(
    store: Store, hall: Hall, endpoint: Endpoint, parcels: Parcels
) -> None:
    with pytest.raises(SchemaMismatch, match="weight"):
        ask(hall, parcels(1, wind=3.0, weight="heavy"))
    ask(hall, parcels(1, wind=3.0))
    hall.journals["parcels"].rotate()
    endpoint.collect()
    assert read_version(store, "parcels_predictions").collect().height == 1


def test_a_lookup_that_fails_is_a_failure_too(store: Store, hall: Hall, endpoint: Endpoint, parcels: Parcels) -> None:
    commit = weather.append([{"depot": "north", "observed_at": DAY, "wind": 5.0}], store=store)
    served = hall.served["parcels"]
    hall.served["parcels"] = replace(served, lookups=(weather.spec,))
    store.lake.delete(commit.added[0])
    with pytest.raises(TriviumError):
        ask(hall, parcels(1, weight="never looked at"))
    hall.journals["parcels"].rotate()
    endpoint.collect()
    (row,) = read_version(store, "parcels_predictions").collect().to_dicts()
    assert (row["parcel"], row["score"], row["weight"]) == ("p0", None, None)
    assert row["error"]


def test_too_many_failures_are_an_alert(store: Store, hall: Hall, endpoint: Endpoint, parcels: Parcels) -> None:
    ask(hall, parcels(90, wind=3.0))
    fail(hall, parcels(10, first=90, wind=3.0))
    hall.journals["parcels"].rotate()
    endpoint.collect()
    failed, quick = endpoint.watch(TODAY)
    assert (failed.passed, failed.observed) == (False, 0.1)
    assert failed.message == "error_rate 0.100 (0.055 to 0.174) on 100 rows: at most 0.01 is demanded"
    assert quick.passed
    (alert,) = store.catalog.alerts.list_alerts(table="parcels_predictions")
    assert (alert.kind, alert.column, alert.severity) == ("error_rate", "error", "warn")
    metrics = read_version(store, "parcels_metrics").collect()
    assert metrics.filter(metric="error_rate")["value"].to_list() == [0.1]


def test_without_failures_the_rate_is_kept(store: Store, hall: Hall, endpoint: Endpoint, parcels: Parcels) -> None:
    ask(hall, parcels(100, wind=3.0))
    hall.journals["parcels"].rotate()
    endpoint.collect()
    assert [result.passed for result in endpoint.watch(TODAY)] == [True, True]
    assert store.catalog.alerts.list_alerts(table="parcels_predictions") == []


def test_a_check_of_a_tables_columns_is_refused_where_an_endpoint_is_declared() -> None:
    with pytest.raises(Misuse, match='leave out column="error"'):
        Endpoint("parcels", key="parcel", time="sent_at", checks=[error_rate(at_most=0.01, column="failed")])
    with pytest.raises(Misuse, match='leave out label="late"'):
        Endpoint("p", key="k", time="t", checks=[metric("auc", at_least=0.6, label="late", score="s")])
    with pytest.raises(Misuse, match="what is judged here is error_rate, latency, metric"):
        Endpoint("parcels", key="parcel", time="sent_at", checks=[rule("score > 0")])
