"""Endpoints over SQL."""

from __future__ import annotations

import msgspec

from trivium.errors import Misuse, NotFound
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.values.endpoints import Endpoint, EndpointSpec, Route, Verdict


class SqlEndpoints:
    """Implements `Endpoints`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def deploy(self, spec: EndpointSpec, routes: tuple[Route, ...], *, actor: str) -> Endpoint:
        with self.database.write() as tx:
            known = _find(tx, spec.name)
            if known is not None and known.spec == spec:
                return known
            if known is not None:
                changed = msgspec.structs.replace(known, spec=spec, routes_seq=known.routes_seq + 1)
                tx.replace("endpoints", changed)
                tx.event(actor, "endpoint.changed", spec.name, {"model": spec.model, "lookups": list(spec.lookups)})
                return changed
            _check_routes(spec.name, routes)
            endpoint = Endpoint(spec.name, spec, routes, 1, "down", tx.clock())
            tx.insert("endpoints", endpoint)
            tx.event(actor, "endpoint.deployed", spec.name, {"model": spec.model, "routes": _shown(routes)})
        return endpoint

    def set_routes(self, name: str, routes: tuple[Route, ...], *, because: str, actor: str) -> Endpoint:
        _check_routes(name, routes)
        with self.database.write() as tx:
            before = _get(tx, name)
            if before.routes == routes:
                return before
            after = msgspec.structs.replace(before, routes=routes, routes_seq=before.routes_seq + 1)
            tx.replace("endpoints", after)
            detail = {"routes": _shown(routes), "before": _shown(before.routes), "because": because}
            tx.event(actor, "endpoint.routed", name, detail)
        return after

    def set_gateway(self, name: str, *, url: str | None, pid: int | None, actor: str) -> Endpoint:
        with self.database.write() as tx:
            before = _get(tx, name)
            after = msgspec.structs.replace(before, url=url, pid=pid, state="down" if url is None else "up")
            if after != before:
                tx.replace("endpoints", after)
                tx.event(actor, f"endpoint.{after.state}", name, {"url": url})
        return after

    def get_endpoint(self, name: str) -> Endpoint:
        return _get(self.database.read(), name)

    def find_endpoint(self, name: str) -> Endpoint | None:
        return _find(self.database.read(), name)

    def list_endpoints(self) -> list[Endpoint]:
        return self.database.read().all(Endpoint, "SELECT * FROM endpoints ORDER BY name")

    def record_verdict(self, verdict: Verdict, *, actor: str) -> None:
        with self.database.write() as tx:
            detail = {
                "candidate": verdict.candidate, "champion": verdict.champion, "decision": verdict.decision,
                "because": verdict.because,
            }  # fmt: skip
            tx.record("verdicts", verdict, tx.event(actor, "endpoint.verdict", verdict.endpoint, detail))

    def list_verdicts(self, name: str) -> list[Verdict]:
        return self.database.read().all(Verdict, "SELECT * FROM verdicts WHERE endpoint = ? ORDER BY id", name)


def _find(tx: Transaction, name: str) -> Endpoint | None:
    return tx.one(Endpoint, "SELECT * FROM endpoints WHERE name = ?", name)


def _get(tx: Transaction, name: str) -> Endpoint:
    found = _find(tx, name)
    if found is None:
        known = ", ".join(row["name"] for row in tx.execute("SELECT name FROM endpoints ORDER BY name")) or "none yet"
        raise NotFound(f"There is no endpoint {name!r}. Endpoints: {known}.")
    return found


def _check_routes(name: str, routes: tuple[Route, ...]) -> None:
    champions = [route for route in routes if route.role == "champion"]
    if len(champions) != 1:
        raise Misuse(f"Endpoint {name!r} needs exactly one champion, not {len(champions)}.")
    if any(not 0 <= route.share <= 1 for route in routes) or sum(route.share for route in routes) > 1:
        raise Misuse(f"The shares of endpoint {name!r} are parts of 1: {[route.share for route in routes]} are not.")
    if len({route.version for route in routes}) != len(routes):
        raise Misuse(f"Each version has one route of endpoint {name!r}: {[route.version for route in routes]}.")


def _shown(routes: tuple[Route, ...]) -> list[str]:
    return [f"{route.role} {route.version}" + (f" {route.share:.0%}" if route.share else "") for route in routes]
