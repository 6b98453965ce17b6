"""An endpoint as its user declares and uses it."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trivium.checks.metric import refuse_off_table
from trivium.errors import ApprovalMissing, EndpointUnavailable, GateFailed, Misuse
from trivium.ids import checked_name
from trivium.serving.canary import decide
from trivium.serving.client import Client
from trivium.serving.collect import collect_predictions
from trivium.serving.gateway_process import Gateway, find_gateway, start_gateway, stop_gateway
from trivium.serving.watch import watch_endpoint
from trivium.store.store import Store, current_store
from trivium.tables.table import Table
from trivium.values.alerts import CheckResult
from trivium.values.endpoints import Endpoint as Deployed
from trivium.values.endpoints import EndpointSpec, Labels, Route, Verdict
from trivium.values.tables import CheckSpec, Commit

SWITCH_SECONDS = 30.0


class Answer(Struct, frozen=True):
    """One answered record: the score, who gave it, from which table versions, under which open alerts.

    stale: what has newer inputs: tables that were looked up in, and `model:NAME@VERSION` when it is the model itself.
    """

    request_id: str
    score: float
    version: int
    role: str
    features: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


class Endpoint:
    """A model behind a door. Declaring one touches nothing; `deploy` makes it.

    model: its name (default: the endpoint's own). key, time: the request's own id and moment, columns of each record.
    lookups: tables in which missing inputs are looked up, as of the request's moment.
    labels: (table, SQL expression): where the truth arrives, by the same key. checks: on predictions with their truth
    (`metric`), on the time for an answer (`latency`), on requests that failed (`error_rate`).
    """

    def __init__(
        self,
        name: str,
        model: str | None = None,
        *,
        key: str,
        time: str,
        lookups: Sequence[Table | str] = (),
        labels: tuple[Table | str, str] | None = None,
        checks: Sequence[CheckSpec] = (),
        owner: str | None = None,
    ) -> None:
        for check in checks:
            refuse_off_table(check)
        self.spec = EndpointSpec(
            name=checked_name(name, "endpoint"),
            model=model or name,
            key=key,
            time=time,
            lookups=tuple(_name(table) for table in lookups),
            labels=Labels(_name(labels[0]), labels[1]) if labels else None,
            checks=tuple(checks),
            owner=owner,
        )
        self._client: Client | None = None

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self.spec.name

    def deploy(self, version: int | str | None = "champion", *, store: Store | None = None) -> Deployed:
        """The endpoint exists with this declaration; a new one is answered by this version (number or alias).

        Raises GateFailed for a version that nobody let go live.
        """
        memory = store or current_store()
        model = memory.catalog.models.get_model(self.spec.model, version)
        require_release(memory, model.name, model.version)
        routes = (Route(model.version, "champion"),)
        return memory.catalog.endpoints.deploy(self.spec, routes, actor=memory.actor)

    def start(self, *, store: Store | None = None) -> Gateway:
        """The project's gateway runs and answers for this endpoint."""
        memory = store or current_store()
        gateway = start_gateway(memory)
        memory.catalog.endpoints.set_gateway(self.name, url=gateway.url, pid=gateway.pid, actor=memory.actor)
        return gateway

    def stop(self, *, store: Store | None = None) -> bool:
        """The project's gateway has ended; False when none ran."""
        memory = store or current_store()
        self.close()
        stopped = stop_gateway(memory)
        if memory.catalog.endpoints.find_endpoint(self.name) is not None:
            memory.catalog.endpoints.set_gateway(self.name, url=None, pid=None, actor=memory.actor)
        return stopped

    def predict(
        self,
        records: Sequence[dict[str, Any]],
        *,
        request_ids: Sequence[str] | None = None,
        store: Store | None = None,
    ) -> list[Answer]:
        """The answers, over HTTP, each in the journal before it is here.

        request_ids: names for the requests, so that asking again logs nothing twice. Raises EndpointUnavailable when
        the gateway does not run, SchemaMismatch for records that do not fit.
        """
        question: dict[str, Any] = {"records": list(records)}
        if request_ids is not None:
            question["request_ids"] = list(request_ids)
        answered = self._connect(store or current_store()).post(f"/endpoints/{self.name}/predict", question)
        return [
            Answer(each["request_id"], each["score"], each["version"], each["role"], tuple(each["features"]),
                   tuple(each["alerts"]), tuple(each["stale"]))
            for each in answered["answers"]
        ]  # fmt: skip

    def collect(self, *, store: Store | None = None) -> list[Commit]:
        """Everything answered so far is in the prediction table."""
        return collect_predictions(store or current_store(), self.spec)

    def watch(self, partition: str, *, store: Store | None = None) -> list[CheckResult]:
        """The endpoint's checks have been judged as of the end of this day; alerts and metrics are on record."""
        return watch_endpoint(store or current_store(), self.spec, partition)

    def shadow(self, version: int, *, store: Store | None = None) -> Deployed:
        """The version sees every request and answers none."""
        because = f"version {version} watches as a shadow"
        return self._route(Route(version, "shadow"), because, store or current_store())

    def canary(self, version: int, share: float, *, store: Store | None = None) -> Deployed:
        """The version answers this share (0 to 1) of the keys. Raises GateFailed for one that nobody let go live."""
        memory = store or current_store()
        if not 0 < share <= 1:
            raise Misuse(f"A canary's share is above 0 and at most 1, not {share}.")
        require_release(memory, self.spec.model, version)
        return self._route(Route(version, "canary", share), f"version {version} answers {share:.0%}", memory)

    def decide(self, *, store: Store | None = None, margin: float | None = None) -> Verdict:
        """The candidate's verdict is on record and carried out: see `canary.decide`."""
        memory = store or current_store()
        verdict = decide(memory, self.name) if margin is None else decide(memory, self.name, margin=margin)
        self._await_routes(memory)
        return verdict

    def _route(self, route: Route, because: str, store: Store) -> Deployed:
        before = store.catalog.endpoints.get_endpoint(self.name)
        others = tuple(each for each in before.routes if each.version != route.version)
        routes = (*others, route)
        after = store.catalog.endpoints.set_routes(self.name, routes, because=because, actor=store.actor)
        self._await_routes(store)
        return after

    def _await_routes(self, store: Store) -> None:
        """A running gateway has switched to the newest routes, so that the next request already meets them."""
        if find_gateway(store) is None:
            return
        wanted = store.catalog.endpoints.get_endpoint(self.name).routes_seq
        client = self._connect(store)
        deadline = clock.monotonic() + SWITCH_SECONDS
        while clock.monotonic() < deadline:
            held = client.get("/endpoints")["endpoints"].get(self.name)
            if held is None or held["routes_seq"] >= wanted:
                return
            clock.sleep(0.02)
        raise EndpointUnavailable(
            f"The gateway did not switch endpoint {self.name!r} to its new routes within {SWITCH_SECONDS:.0f} s; "
            f"{store.settings.state / 'gateway.log'} says why."
        )

    def _connect(self, store: Store) -> Client:
        if self._client is None:
            running = find_gateway(store)
            if running is None:
                raise EndpointUnavailable(
                    f"No gateway runs for this project; `trivium endpoints deploy {self.name}` starts one."
                )
            self._client = Client(running.url)
        return self._client

    def close(self) -> None:
        """The connection to the gateway is closed; the next question opens another."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r})"


def require_release(store: Store, model: str, version: int) -> None:
    """Somebody let this version go live: its gate passed, or an approver overrode it; and it has its approvals.

    Raises GateFailed or ApprovalMissing.
    """
    found = store.catalog.models.get_model(model, version)
    approvals = [each for each in store.catalog.models.list_approvals(model, version) if each.actor != found.author]
    gate = store.catalog.models.find_gate(model, version)
    if not (gate and gate.passed) and not any(each.decision == "overridden" for each in approvals):
        raise GateFailed(
            f"{model} version {version} did not pass its gate, so it answers nobody; "
            f"`trivium models gate {model} {version}` shows why."
        )
    if len({each.actor for each in approvals}) < store.settings.approvals:
        raise ApprovalMissing(
            f"{model} version {version} needs {store.settings.approvals} approval by somebody else than "
            f"{found.author}: `trivium models approve {model} {version}`."
        )


def _name(table: Table | str) -> str:
    return table if isinstance(table, str) else table.name
