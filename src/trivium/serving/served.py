"""An endpoint as a gateway holds it: its models in memory, and how it answers records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

import numpy as np

from trivium.errors import Misuse, SchemaMismatch, TriviumError
from trivium.lineage.staleness import find_stale_sources
from trivium.models.package import Model, open_model
from trivium.serving.features import Completed, Record, complete_records
from trivium.serving.journal import Prediction
from trivium.serving.routing import choose_route
from trivium.store.store import Store
from trivium.tables.lookup import list_told
from trivium.values.endpoints import Endpoint, Route
from trivium.values.lineage import Node
from trivium.values.tables import TableSpec

LONGEST_ERROR = 300
OF_CALLER = (Misuse, SchemaMismatch)  # what is wrong with a request, and no failure of the endpoint


class Unanswered(Exception):
    """The endpoint failed on a request, for this `reason`: its `predictions` have no score, but the error."""

    def __init__(self, predictions: Sequence[Prediction], reason: Exception) -> None:
        super().__init__(tell_error(reason))
        self.predictions = tuple(predictions)
        self.reason = reason


@dataclass(frozen=True)
class Served:
    """One state of routes with every model loaded. A new state is made beside the old one, then takes its place."""

    store: Store
    endpoint: Endpoint
    models: dict[int, Model]
    lookups: tuple[TableSpec, ...]

    def ask(self, records: Sequence[Record], ids: Sequence[str], alerts: str) -> list[Prediction]:
        """Every record answered by its route, in order.

        Raises SchemaMismatch for records that do not fit the champion's signature, Unanswered for a failure of ours.
        """
        started, asked_at = perf_counter(), self.store.clock()
        check_keys(records, self.endpoint.spec.key)
        routes = [choose_route(self.endpoint.routes, str(record.get(self.endpoint.spec.key, id_))) for record, id_ in
                  zip(records, ids, strict=True)]  # fmt: skip
        features = None
        try:
            features = self.complete(records)
            scores, roles = self._score(features, routes)
        except OF_CALLER:
            raise
        except Exception as reason:
            asked = features.records if features else [self._identity(record) for record in records]
            elapsed = (perf_counter() - started) * 1000
            raise Unanswered(self._failures(asked, asked_at, elapsed, alerts, tell_error(reason)), reason) from reason
        elapsed = (perf_counter() - started) * 1000
        versions = ",".join(features.versions.values())
        return [
            Prediction(id_, route.version, route.role, True, float(score), record, asked_at, elapsed, versions, alerts)
            for id_, route, score, record in zip(ids, roles, scores, features.records, strict=True)
        ]

    def complete(self, records: Sequence[Record]) -> Completed:
        """The records with what the models need, looked up."""
        names = list(dict.fromkeys(column.name for model in self.models.values() for column in model.signature))
        required = {column.name for column in self.models[self.endpoint.champion].signature}
        time = self.endpoint.spec.time
        return complete_records(self.store, self.lookups, names, time, records, required=required)

    def watch(self, answered: Sequence[Prediction]) -> list[Prediction]:
        """What every other route would have answered: shadows, and the champion where a canary spoke."""
        return [
            prediction
            for route in self.endpoint.routes
            for prediction in self._shadow(route, [each for each in answered if each.version != route.version])
        ]

    def _identity(self, record: Record) -> Record:
        """Its key and time alone: of what nobody looked at yet, nothing else is sure to fit the prediction table."""
        return {name: record[name] for name in (self.endpoint.spec.key, self.endpoint.spec.time) if name in record}

    def _failures(
        self, asked: Sequence[Record], asked_at: datetime, elapsed: float, alerts: str, error: str
    ) -> list[Prediction]:
        """Lines of a request that failed. Their ids are new ones: asking again under the old ones gives an answer."""
        champion, ids = self.endpoint.champion, self.store.ids
        return [
            Prediction(ids(), champion, "champion", True, None, record, asked_at, elapsed, "", alerts, error)
            for record in asked
        ]

    def _shadow(self, route: Route, answered: Sequence[Prediction]) -> list[Prediction]:
        if not answered or (route.role == "canary" and route.share == 0):
            return []
        started, error = perf_counter(), ""
        try:
            scores: Sequence[Any] = list(self.models[route.version].predict([each.record for each in answered]))
        except Exception as failure:  # a shadow may fail in any way, and only its record shows it
            scores, error = [None] * len(answered), tell_error(failure)
        elapsed = (perf_counter() - started) * 1000
        return [
            Prediction(
                each.request_id, route.version, "shadow", False, None if score is None else float(score),
                each.record, each.asked_at, elapsed, each.features, each.alerts, error,
            )
            for each, score in zip(answered, scores, strict=True)
        ]  # fmt: skip

    def _score(
        self, features: Completed, routes: Sequence[Route]
    ) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], list[Route]]:
        """Scores and who gave them: where a canary fails, the champion answers."""
        scores, answering = np.empty(len(routes)), list(routes)
        champion = next(route for route in self.endpoint.routes if route.role == "champion")
        for route in {route.version: route for route in routes}.values():
            places = [place for place, each in enumerate(routes) if each.version == route.version]
            rows = [features.records[place] for place in places]
            try:
                scores[places] = self.models[route.version].predict(rows)
            except Exception:
                if route.version == champion.version:
                    self._name_misfit(rows, places)
                    raise
                scores[places] = self.models[champion.version].predict(rows)
                for place in places:
                    answering[place] = champion
        return scores, answering

    def _name_misfit(self, rows: Sequence[Record], places: Sequence[int]) -> None:
        """Raises SchemaMismatch naming the first record that the champion refuses, found by halving."""
        first, last = 0, len(rows)
        while last - first > 1:
            middle = (first + last) // 2
            first, last = (first, middle) if self._refusal(rows[first:middle]) else (middle, last)
        refusal = self._refusal(rows[first:last])
        if refusal:
            raise SchemaMismatch(f"Record {places[first]}: {refusal}")

    def _refusal(self, rows: Sequence[Record]) -> str:
        try:
            self.models[self.endpoint.champion].derive(list(rows))
        except SchemaMismatch as error:
            return str(error)
        return ""


def tell_error(failure: Exception) -> str:
    """Its kind and what it says, in at most 300 characters."""
    return f"{type(failure).__name__}: {failure}"[:LONGEST_ERROR]


def check_keys(records: Sequence[Record], key: str) -> None:
    """Raises SchemaMismatch for a null key, which no truth would find. Without a key the request id stands for it."""
    for place, record in enumerate(records):
        if key in record and record[key] is None:
            raise SchemaMismatch(f"Record {place} has null as its key {key!r}; send the key, or leave it out.")


def open_served(store: Store, endpoint: Endpoint, known: dict[int, Model]) -> Served:
    """The endpoint with a model for each route; models that are already in memory are kept.

    Raises TriviumError when a model cannot be opened.
    """
    spec = endpoint.spec
    models = {
        route.version: known.get(route.version)
        or open_model(store.blobs, store.catalog.models.get_model(spec.model, route.version).artifact)
        for route in endpoint.routes
    }
    return Served(store, endpoint, models, tuple(store.catalog.tables.get_spec(name) for name in spec.lookups))


def open_alerts(served: Served) -> str:
    """Ids of open alerts on what the endpoint looks up, flagged or out of date, as they go with each answer."""
    inputs = {column.name for model in served.models.values() for column in model.signature}
    try:
        found = [
            alert.id
            for table in served.lookups
            for alert in list_told(
                served.store, served.store.catalog.alerts.list_alerts(table=table.name, state="open")
            )
            if alert.column is None or alert.column in {*inputs, *table.key, table.time}
        ]
    except TriviumError:
        return ""
    return ",".join(found)


def find_stale(served: Served) -> frozenset[Node]:
    """What the endpoint looks up in, and versions of its model, that have newer inputs."""
    try:
        return frozenset(find_stale_sources(served.store.catalog, served.endpoint))
    except TriviumError:
        return frozenset()
