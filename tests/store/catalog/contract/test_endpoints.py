"""What every catalog guarantees about endpoints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import Misuse, NotFound
from trivium.store.catalog import Catalog
from trivium.values.endpoints import Endpoint, EndpointSpec, Labels, Route, Verdict
from trivium.values.tables import CheckSpec

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
SPEC = EndpointSpec(
    "live", "lateness", "flight", "at", lookups=("weather",), labels=Labels("flights", "late > 15"),
    checks=(CheckSpec("auc", "metric", arguments={"at_least": 0.7}),), owner="ada",
)  # fmt: skip
ONE = (Route(1, "champion"),)


def deploy(catalog: Catalog, name: str = "live") -> Endpoint:
    return catalog.endpoints.deploy(replace(SPEC, name=name), ONE, actor="ada")


def route(catalog: Catalog, *routes: Route) -> Endpoint:
    return catalog.endpoints.set_routes("live", routes, because="so", actor="bob")


def test_a_deployed_endpoint_is_read_as_it_was_made(catalog: Catalog) -> None:
    deployed = deploy(catalog)
    assert (deployed.spec, deployed.routes, deployed.routes_seq, deployed.state) == (SPEC, ONE, 1, "down")
    assert catalog.endpoints.get_endpoint("live") == deployed
    assert catalog.endpoints.find_endpoint("live") == deployed
    assert deployed.champion == 1


def test_deploying_again_changes_nothing(catalog: Catalog) -> None:
    first = deploy(catalog)
    assert deploy(catalog) == first
    assert len(catalog.events.list_events()) == 1


def test_a_changed_declaration_keeps_the_routes(catalog: Catalog) -> None:
    deploy(catalog)
    route(catalog, Route(2, "champion"))
    changed = catalog.endpoints.deploy(replace(SPEC, owner="bob"), ONE, actor="ada")
    assert (changed.spec.owner, changed.champion, changed.routes_seq) == ("bob", 2, 3)
    assert catalog.endpoints.get_endpoint("live") == changed


def test_an_unknown_endpoint_is_not_found_and_the_message_names_those_that_are(catalog: Catalog) -> None:
    assert catalog.endpoints.find_endpoint("live") is None
    with pytest.raises(NotFound, match=r"There is no endpoint 'live'\. Endpoints: none yet\."):
        catalog.endpoints.get_endpoint("live")
    deploy(catalog, "other")
    with pytest.raises(NotFound, match="Endpoints: other"):
        route(catalog, *ONE)
    with pytest.raises(NotFound):
        catalog.endpoints.set_gateway("live", url="http://x", pid=1, actor="ada")


def test_endpoints_are_listed_by_name(catalog: Catalog) -> None:
    for name in ("c", "a", "b"):
        deploy(catalog, name)
    assert [each.name for each in catalog.endpoints.list_endpoints()] == ["a", "b", "c"]


def test_new_routes_are_the_next_in_sequence(catalog: Catalog) -> None:
    deploy(catalog)
    routed = route(catalog, Route(1, "champion"), Route(2, "canary", 0.25), Route(3, "shadow"))
    assert routed.routes_seq == 2
    assert catalog.endpoints.get_endpoint("live") == routed
    assert catalog.events.list_newest(limit=1)[0].detail == {
        "routes": ["champion 1", "canary 2 25%", "shadow 3"], "before": ["champion 1"], "because": "so",
    }  # fmt: skip


def test_equal_routes_again_change_nothing(catalog: Catalog) -> None:
    deploy(catalog)
    assert route(catalog, *ONE).routes_seq == 1
    assert len(catalog.events.list_events()) == 1


WRONG_ROUTES = [
    ((), "exactly one champion, not 0"),
    ((Route(1, "shadow"),), "exactly one champion, not 0"),
    ((Route(1, "champion"), Route(2, "champion")), "exactly one champion, not 2"),
    ((Route(1, "champion"), Route(2, "canary", 1.5)), "parts of 1"),
    ((Route(1, "champion"), Route(2, "canary", -0.1)), "parts of 1"),
    ((Route(1, "champion"), Route(2, "canary", float("nan"))), "parts of 1"),
    ((Route(1, "champion"), Route(2, "canary", 0.6), Route(3, "canary", 0.6)), "parts of 1"),
    ((Route(1, "champion"), Route(1, "shadow")), "one route"),
]


@pytest.mark.parametrize(("routes", "message"), WRONG_ROUTES)
def test_routes_that_cannot_divide_traffic_are_refused(
    catalog: Catalog, routes: tuple[Route, ...], message: str
) -> None:
    with pytest.raises(Misuse, match=message):
        catalog.endpoints.deploy(SPEC, routes, actor="ada")
    deploy(catalog)
    with pytest.raises(Misuse, match=message):
        route(catalog, *routes)
    assert catalog.endpoints.get_endpoint("live").routes == ONE


def test_routes_set_at_once_each_have_a_number(catalog: Catalog, at_once: AtOnce) -> None:
    deploy(catalog)
    made = at_once(5, lambda each, n: route(each, Route(n + 10, "champion")).routes_seq)
    assert sorted(made) == [2, 3, 4, 5, 6]
    assert len(catalog.endpoints.get_endpoint("live").routes) == 1


def test_an_endpoint_is_up_while_its_gateway_has_an_address(catalog: Catalog) -> None:
    deploy(catalog)
    up = catalog.endpoints.set_gateway("live", url="http://127.0.0.1:1", pid=7, actor="ada")
    assert (up.state, up.url, up.pid) == ("up", "http://127.0.0.1:1", 7)
    catalog.endpoints.set_gateway("live", url="http://127.0.0.1:1", pid=7, actor="ada")
    down = catalog.endpoints.set_gateway("live", url=None, pid=None, actor="ada")
    assert (down.state, down.url, down.pid) == ("down", None, None)
    assert [event.kind for event in catalog.events.list_events()][1:] == ["endpoint.up", "endpoint.down"]


def test_verdicts_are_listed_oldest_first(catalog: Catalog) -> None:
    deploy(catalog)
    given = [Verdict("live", each, 1, "wait", "too few rows", {"rows": each}, NOON) for each in (5, 2, 9, 4, 7)]
    for verdict in given:
        catalog.endpoints.record_verdict(verdict, actor="ada")
    assert catalog.endpoints.list_verdicts("live") == given
    assert catalog.endpoints.list_verdicts("other") == []
    assert catalog.events.list_newest(limit=1)[0].kind == "endpoint.verdict"
