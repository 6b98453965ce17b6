"""Everything that one gateway process holds: each endpoint with its models, journal and shadow queue."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any

from trivium.errors import NotFound
from trivium.serving.features import Record
from trivium.serving.journal import Journal, Prediction
from trivium.serving.served import Served, Unanswered, find_stale, open_alerts, open_served
from trivium.store.store import Store
from trivium.values.lineage import Node

POLL_SECONDS = 0.1
ALERTS_EVERY = 10
STALE_EVERY = 100
QUEUED = 2000
SETTLE_SECONDS = 20.0
log = logging.getLogger("trivium.gateway")


class Hall:
    """Endpoints are opened at their first request; routes are looked at ten times a second, off the request's path."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.served: dict[str, Served] = {}
        self.journals: dict[str, Journal] = {}
        self.alerts: dict[str, str] = {}
        self.stale: dict[str, frozenset[Node]] = {}
        self.dropped = 0
        self._opening = threading.Lock()
        self._stopping = threading.Event()
        self._shadows: queue.Queue[tuple[Served, Journal, list[Prediction]]] = queue.Queue(maxsize=QUEUED)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._follow, self._shadow)]

    def start(self) -> None:
        """The background work goes on from now."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Everything that is queued is done, and every journal is closed."""
        self.settle()
        self._stopping.set()
        self._threads[0].join(timeout=5)

    def find(self, name: str) -> Served:
        """The endpoint, opened when this is its first request. Raises NotFound."""
        known = self.served.get(name)
        if known is not None:
            return known
        with self._opening:
            if name not in self.served:
                self._open(name)
        return self.served[name]

    def ask(self, name: str, records: Sequence[Record], ids: Sequence[str]) -> list[Prediction]:
        """The answers, in the journal before this returns; shadows are asked afterwards.

        A request that the endpoint fails on is in the journal too, and the error is raised.
        """
        served = self.find(name)
        journal = self.journals[name]
        try:
            answered = served.ask(records, ids, self.alerts.get(name, ""))
        except Unanswered as failure:
            journal.append(failure.predictions)
            raise failure.reason from None
        journal.append(answered)
        if len(served.endpoint.routes) > 1:
            try:
                self._shadows.put_nowait((served, journal, answered))
            except queue.Full:
                self.dropped += len(answered)
        return answered

    def replay(self, name: str, version: int, records: Sequence[Record]) -> list[float]:
        """What a routed version answers to complete records; nothing is logged. Raises NotFound for another version."""
        model = self.find(name).models.get(version)
        if model is None:
            raise NotFound(f"Endpoint {name!r} has no route to version {version}.")
        return [float(score) for score in model.predict(list(records))]

    def list_stale(self, name: str, version: int) -> list[str]:
        """What has newer inputs of all that this version's answers are made of, as of some seconds ago."""
        answering = Node("model", self.served[name].endpoint.spec.model, version)
        return sorted(str(node) for node in self.stale.get(name, ()) if node.kind == "table" or node == answering)

    def rotate(self, name: str) -> None:
        """What was answered so far, shadows included, is in closed segments."""
        self.settle()
        self.find(name)
        self.journals[name].rotate()

    def settle(self) -> None:
        """Every queued shadow has been asked, or has had its time: a shadow that hangs holds up nobody."""
        deadline = monotonic() + SETTLE_SECONDS
        while self._shadows.unfinished_tasks and monotonic() < deadline:
            sleep(0.005)

    def describe(self) -> dict[str, Any]:
        """What is open: routes and loaded versions by endpoint."""
        return {
            name: {
                "routes_seq": served.endpoint.routes_seq,
                "routes": [f"{route.role} {route.version}" for route in served.endpoint.routes],
                "loaded": sorted(served.models),
            }
            for name, served in self.served.items()
        }

    def _open(self, name: str) -> None:
        endpoint = self.store.catalog.endpoints.get_endpoint(name)
        self.journals.setdefault(name, Journal(self.store.settings.state / "journal" / name, ids=self.store.ids))
        before = self.served.get(name)
        self.served[name] = open_served(self.store, endpoint, before.models if before else {})
        self.alerts[name] = open_alerts(self.served[name])
        self.stale[name] = find_stale(self.served[name])

    def _follow(self) -> None:
        """Routes and alerts are kept up to date; journals are synced."""
        looks = 0
        while not self._stopping.wait(POLL_SECONDS):
            looks += 1
            for name in list(self.served):
                try:
                    self._refresh(name, with_alerts=looks % ALERTS_EVERY == 0)
                    if looks % STALE_EVERY == 0:
                        self.stale[name] = find_stale(self.served[name])
                except Exception:
                    # The last good state goes on serving, whatever is wrong with the new one.
                    log.exception("endpoint %s keeps its routes", name)

    def _refresh(self, name: str, *, with_alerts: bool) -> None:
        self.journals[name].sync()
        newest = self.store.catalog.endpoints.get_endpoint(name)
        if newest.routes_seq != self.served[name].endpoint.routes_seq:
            self._open(name)
        elif with_alerts:
            self.alerts[name] = open_alerts(self.served[name])

    def _shadow(self) -> None:
        while True:
            served, journal, answered = self._shadows.get()
            try:
                journal.append(served.watch(answered))
            except Exception:
                log.exception("a shadow could not be logged")
            finally:
                self._shadows.task_done()
