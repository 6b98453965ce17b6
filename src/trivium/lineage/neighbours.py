"""One step of lineage: what a thing comes from directly, and what it goes into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice

from trivium.errors import NotFound
from trivium.lineage.pages import ALL, list_readers, list_writers
from trivium.store.catalog import Catalog
from trivium.values.endpoints import Endpoint, Route
from trivium.values.lineage import Direction, Edge, Node, Read, Write
from trivium.values.models import ModelVersion
from trivium.values.runs import TaskRun


@dataclass(frozen=True)
class Neighbours:
    """Answers for one question, from one reading of the endpoints. `blobs`: what tasks returned is shown as well.

    A table version stands for the later ones that carry it: downstream of `flights@3` are readers of those, too.
    """

    catalog: Catalog
    blobs: bool = False

    def list_edges(self, node: Node, direction: Direction, *, limit: int = 1000) -> list[Edge]:
        """At most `limit` edges into the node (upstream) or out of it (downstream)."""
        found = getattr(self, f"_{direction}_of_{node.kind}")(node, limit)
        return list(islice(_each_once(found), limit))

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """Every endpoint; there are few."""
        return self.catalog.endpoints.list_endpoints()

    def _upstream_of_table(self, node: Node, limit: int) -> Iterator[Edge]:
        writes = list_writers(self.catalog, node.name, node.version)
        for (run, _), group in groupby(writes, key=lambda each: (each.run, each.operation)):
            if run is not None:
                yield Edge(Node("run", run), node, "wrote", detail=_wrote_all(group, node))
        for endpoint in self.endpoints:
            if node.name in logs_of(endpoint):
                yield Edge(Node("endpoint", endpoint.name), node, "logs")

    def _downstream_of_table(self, node: Node, limit: int) -> Iterator[Edge]:
        reads = list_readers(self.catalog, node.name, node.version)
        meant = (each for each in reads if each.columns is None or node.column is None or node.column in each.columns)
        for (run, version), group in groupby(meant, key=lambda each: (each.run, each.version)):
            detail = f"version {version}" if version != node.version else ""
            yield Edge(node, Node("run", run), "read", tasks_of(group), detail)
        for endpoint in self.endpoints:
            if node.name in endpoint.spec.lookups:
                yield Edge(node, Node("endpoint", endpoint.name), "looks up")
            if endpoint.spec.labels is not None and endpoint.spec.labels.table == node.name:
                yield Edge(node, Node("endpoint", endpoint.name), "labels", detail=endpoint.spec.labels.expression)

    def _upstream_of_run(self, node: Node, limit: int) -> Iterator[Edge]:
        reads = self.catalog.lineage.reads_of(node.name, limit=ALL)
        for (kind, name, version), group in groupby(reads, key=lambda each: (each.kind, each.name, each.version)):
            tasks = tasks_of(group)
            if kind == "table":
                yield Edge(Node("table", name, version), node, "read", tasks)
                continue
            models = self.catalog.lineage.models_of_blob(name)
            yield from (Edge(_model(model), node, "opened", tasks) for model in models)
            if self.blobs or not models:
                yield Edge(Node("blob", name), node, "read", tasks)

    def _downstream_of_run(self, node: Node, limit: int) -> Iterator[Edge]:
        for write in self.catalog.lineage.writes_of((node.name,), limit=limit):
            table = Node("table", write.table, write.version)
            yield Edge(node, table, "wrote", detail=_wrote(write, table))
        for model in self.catalog.lineage.models_of((node.name,)):
            yield from (edge for edge in self._makers(model) if edge.source == node)
        if self.blobs:
            for task, digest in self.catalog.lineage.blobs_of(node.name, limit=limit):
                yield Edge(node, Node("blob", digest), "returned", (task,))

    def _upstream_of_blob(self, node: Node, limit: int) -> Iterator[Edge]:
        for task in self.catalog.runs.find_producers(node.name)[:limit]:
            yield Edge(Node("run", task.run), node, "returned", (task.node,))

    def _downstream_of_blob(self, node: Node, limit: int) -> Iterator[Edge]:
        for model in self.catalog.lineage.models_of_blob(node.name):
            yield Edge(node, _model(model), "is", detail=_part(model, node.name))
        reads = self.catalog.lineage.blob_readers(node.name, limit=ALL)
        for run, group in groupby(reads, key=lambda each: each.run):
            yield Edge(node, Node("run", run), "read", tasks_of(group))

    def _upstream_of_model(self, node: Node, limit: int) -> Iterator[Edge]:
        if node.version is None:
            for model in self._versions(node.name)[:limit]:
                yield Edge(_model(model), node, "is")
            return
        model = self.catalog.models.get_model(node.name, node.version)
        yield from islice(self._makers(model), limit)
        if self.blobs:
            for digest in dict.fromkeys((model.artifact, model.report)):
                yield Edge(Node("blob", digest), node, "is", detail=_part(model, digest))

    def _downstream_of_model(self, node: Node, limit: int) -> Iterator[Edge]:
        if node.version is None:
            for model in self._versions(node.name)[:limit]:
                yield Edge(node, _model(model), "is")
            return
        for endpoint in self.endpoints:
            yield from (Edge(node, edge.target, edge.how, detail=edge.detail) for edge in served(endpoint)
                        if edge.source == node)  # fmt: skip
        model = self.catalog.models.get_model(node.name, node.version)
        for digest in dict.fromkeys((model.artifact, model.report)):
            reads = self.catalog.lineage.blob_readers(digest, limit=ALL)
            for run, group in groupby(reads, key=lambda each: each.run):
                yield Edge(node, Node("run", run), "opened", tasks_of(group))

    def _upstream_of_endpoint(self, node: Node, limit: int) -> Iterator[Edge]:
        endpoint = self.catalog.endpoints.get_endpoint(node.name)
        yield from served(endpoint)
        for table in endpoint.spec.lookups[:limit]:
            yield Edge(Node("table", table), node, "looks up")
        if endpoint.spec.labels is not None:
            labels = endpoint.spec.labels
            yield Edge(Node("table", labels.table), node, "labels", detail=labels.expression)

    def _downstream_of_endpoint(self, node: Node, limit: int) -> Iterator[Edge]:
        endpoint = self.catalog.endpoints.get_endpoint(node.name)
        for table in logs_of(endpoint)[:limit]:
            if self.catalog.tables.find_spec(table) is not None:
                yield Edge(node, Node("table", table), "logs")

    def _makers(self, model: ModelVersion) -> Iterator[Edge]:
        """The run that registered the version, and every run of which a task returned its artifact."""
        producers = sorted(self.catalog.runs.find_producers(model.artifact), key=_run_of)
        tasks = {run: tuple(each.node for each in group) for run, group in groupby(producers, key=_run_of)}
        if model.run is not None:
            how = "trained" if model.run in tasks else "registered"
            yield Edge(Node("run", model.run), _model(model), how, tasks.pop(model.run, ()))  # type: ignore[arg-type]
        for run, nodes in tasks.items():
            yield Edge(Node("run", run), _model(model), "trained", nodes)

    def _versions(self, name: str) -> list[ModelVersion]:
        versions = self.catalog.models.list_versions(name)
        if not versions:
            raise NotFound(f"There is no model {name!r}; `trivium models list` shows what there is.")
        return versions


def served(endpoint: Endpoint) -> Iterator[Edge]:
    """The model versions that an endpoint's traffic goes to."""
    for route in endpoint.routes:
        model = Node("model", endpoint.spec.model, route.version)
        yield Edge(model, Node("endpoint", endpoint.name), "serves", detail=_role(route))


def logs_of(endpoint: Endpoint) -> tuple[str, str]:
    """The tables that an endpoint writes: its predictions, and what watching them measured."""
    return endpoint.spec.log, f"{endpoint.name}_metrics"


def tasks_of(reads: Iterable[Read]) -> tuple[str, ...]:
    """The tasks among those who read, without the run itself."""
    return tuple(sorted({read.node for read in reads if read.node}))


def _each_once(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Without repeats, and looking no further than asked."""
    seen = set[Edge]()
    for edge in edges:
        if edge not in seen:
            seen.add(edge)
            yield edge


def _model(model: ModelVersion) -> Node:
    return Node("model", model.name, model.version)


def _run_of(task: TaskRun) -> str:
    return task.run


def _role(route: Route) -> str:
    return f"{route.role} {route.share:.0%}" if route.share else route.role


def _wrote(write: Write, node: Node) -> str:
    return write.operation if write.version == node.version else f"{write.operation}, version {write.version}"


def _wrote_all(writes: Iterable[Write], node: Node) -> str:
    """What one run wrote in a row, newest first: the partitions of a table are a version each."""
    newest, *others = writes
    if not others:
        return _wrote(newest, node)
    return f"{newest.operation}, {len(others) + 1:,} versions, {others[-1].version} to {newest.version}"


def _part(model: ModelVersion, digest: str) -> str:
    return "artifact" if digest == model.artifact else "report"
