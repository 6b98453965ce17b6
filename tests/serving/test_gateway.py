"""What a gateway answers over HTTP, and what it refuses."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest

from trivium.errors import EndpointUnavailable, NotFound, SchemaMismatch
from trivium.models.report import get_report
from trivium.serving.endpoint import Endpoint
from trivium.serving.gateway_process import find_gateway, start_gateway, stop_gateway
from trivium.serving.replay import replay_report
from trivium.store.store import Store
from trivium.tables.read import read_version

Parcels = Callable[..., list[dict[str, Any]]]


def post(
    store: Store, body: bytes, path: str = "/endpoints/parcels/predict", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a raw request."""
    gateway = find_gateway(store)
    assert gateway is not None
    address = urlsplit(gateway.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("POST", path, body, headers or {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def logged(endpoint: Endpoint, store: Store, ids: list[str]) -> pl.DataFrame:
    """The rows of these requests in the prediction table, in their order."""
    endpoint.collect()
    rows = read_version(store, "parcels_predictions").filter(pl.col("request_id").is_in(ids)).collect()
    return rows.sort(pl.col("request_id").replace_strict(ids, list(range(len(ids)))))


def test_an_answer_tells_version_role_and_where_its_features_came_from(live: Endpoint, parcels: Parcels) -> None:
    (answer,) = live.predict(parcels(1), request_ids=["r1"])
    assert (answer.request_id, answer.version, answer.role) == ("r1", 1, "champion")
    assert answer.features == ("weather@1",)
    assert 0 < answer.score < 1


def test_a_feature_is_looked_up_as_of_the_records_own_time(project: Store, live: Endpoint, parcels: Parcels) -> None:
    asked = [*parcels(1, first=1, hour=3), *parcels(1, first=2, hour=8), *parcels(1, first=3, hour=-1)]
    live.predict(asked, request_ids=["early", "late", "too early"])
    assert logged(live, project, ["early", "late", "too early"])["wind"].to_list() == [5.0, 25.0, None]


def test_a_value_that_was_sent_wins_over_the_lookup(project: Store, live: Endpoint, parcels: Parcels) -> None:
    live.predict(parcels(1, wind=7.5), request_ids=["sent"])
    assert logged(live, project, ["sent"])["wind"].to_list() == [7.5]


def test_the_exam_through_the_serving_path_gives_the_same_answers_and_is_not_logged(
    project: Store, live: Endpoint
) -> None:
    report = get_report(project, project.catalog.models.get_model("parcels", 1))
    replayed = replay_report(project, "parcels", report, 1)
    assert (replayed.rows, replayed.equal) == (300, True)
    assert not live.collect()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 400),
        (b"[]", 400),
        (b'{"records": 3}', 400),
        (b'{"records": [], "unknown": 1}', 400),
        (b"[" * 100_000, 400),
        (b'{"records": [' + b" " * (9 << 20) + b"]}", 413),
    ],
    ids=["no json", "a list", "records are no list", "unknown field", "deep", "too large"],
)
def test_a_body_of_another_shape_is_refused_as_json(project: Store, live: Endpoint, body: bytes, status: int) -> None:
    found, answer = post(project, body)
    assert found == status
    assert set(answer) == {"error", "message"}
    assert "Traceback" not in answer["message"]


def test_an_unknown_endpoint_is_refused_as_json(project: Store, live: Endpoint) -> None:
    status, answer = post(project, b'{"records": [{}]}', "/endpoints/nobody/predict")
    assert (status, answer["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "named"),
    [({"weight": "heavy"}, "weight"), ({"sent_at": "yesterday"}, "sent_at"), ({"stops": 2.5}, "stops")],
    ids=["text", "no time", "half a stop"],
)
def test_a_record_that_does_not_fit_is_refused_with_its_column(
    live: Endpoint, parcels: Parcels, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(SchemaMismatch, match=named):
        live.predict([*parcels(2), {**parcels(1)[0], **change}])


def test_a_route_is_live_when_the_call_that_made_it_returns(project: Store, live: Endpoint, parcels: Parcels) -> None:
    live.canary(2, 1.0)
    assert {answer.version for answer in live.predict(parcels(10))} == {2}


def test_a_canary_keeps_its_keys(live: Endpoint, parcels: Parcels) -> None:
    live.canary(2, 0.5)
    first, again = ([answer.version for answer in live.predict(parcels(40))] for _ in range(2))
    assert first == again
    assert set(first) == {1, 2}


def test_every_row_has_an_answer_of_champion_and_candidate(project: Store, live: Endpoint, parcels: Parcels) -> None:
    live.canary(2, 0.5)
    ids = [f"both{n}" for n in range(40)]
    live.predict(parcels(40), request_ids=ids)
    rows = logged(live, project, ids)
    assert rows.height == 80
    assert rows.filter("answered").height == 40
    assert sorted(rows["version"].value_counts()["count"].to_list()) == [40, 40]


def test_a_running_gateway_is_taken_and_a_stopped_one_is_named(
    project: Store, live: Endpoint, parcels: Parcels
) -> None:
    assert start_gateway(project) == find_gateway(project)
    assert live.stop()
    with pytest.raises(EndpointUnavailable, match="gateway"):
        live.predict(parcels(1))
    assert not stop_gateway(project)


def test_an_endpoint_that_was_never_deployed_is_named(project: Store, live: Endpoint) -> None:
    other = Endpoint("nobody", key="parcel", time="sent_at")
    with pytest.raises(NotFound, match="nobody"):
        other.predict([{"parcel": "p1"}])
    other.close()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"wind": 1.0, "sent_at": "yesterday"}, "sent_at"),
        ({"wind": 1.0, "sent_at": None}, "sent_at"),
        ({"parcel": None}, "parcel"),
        ({"weight": "heavy"}, "weight"),
    ],
    ids=["no time", "null time", "null key", "text"],
)
def test_a_refused_record_is_named_and_never_reaches_the_journal(
    project: Store, live: Endpoint, parcels: Parcels, change: dict[str, Any], named: str
) -> None:
    good = parcels(1, wind=1.0)[0]  # nothing to look up: the time is checked all the same
    with pytest.raises(SchemaMismatch, match=rf"Record 2\b.*{named}"):
        live.predict([good, good, {**good, **change}, good])
    assert live.collect() == []
    live.predict([good], request_ids=[f"after {change}"])
    assert logged(live, project, [f"after {change}"]).height == 1


def test_an_input_that_nobody_has_is_refused(live: Endpoint, parcels: Parcels) -> None:
    record = {name: value for name, value in parcels(1)[0].items() if name != "weight"}
    with pytest.raises(SchemaMismatch, match=r"Record 1\b.*weight"):
        live.predict([*parcels(1), record])


def test_a_time_with_a_zone_is_logged_in_utc(project: Store, live: Endpoint, parcels: Parcels) -> None:
    live.predict(parcels(1, sent_at="2024-03-01T09:00:00+02:00"), request_ids=["zoned"])
    row = logged(live, project, ["zoned"])
    assert str(row["sent_at"][0]) == "2024-03-01 07:00:00"
    assert row["wind"][0] == 25.0


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Content-Type": "application/json", "Host": "rebound.example"}],
    ids=["a form", "another name"],
)
def test_a_web_page_cannot_ask(project: Store, live: Endpoint, parcels: Parcels, headers: dict[str, str]) -> None:
    status, answer = post(project, json.dumps({"records": parcels(1)}).encode(), headers=headers)
    assert (status, answer["error"]) == (400, "bad_request")
    assert live.collect() == []


def test_a_second_gateway_of_a_project_does_not_start(project: Store, live: Endpoint) -> None:
    root = str(project.settings.root)
    second = subprocess.run(
        [sys.executable, "-m", "trivium.serving.gateway", "--root", root],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert second.returncode != 0
    assert "Another gateway serves" in second.stderr
