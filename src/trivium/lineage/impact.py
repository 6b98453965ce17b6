"""What a change of a table or a column would reach: asked before a breaking change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import Struct

from trivium.lineage.column_use import list_declared_uses, mentions, role_of
from trivium.lineage.walk import downstream
from trivium.store.store import Store
from trivium.values.alerts import Alert
from trivium.values.endpoints import Endpoint
from trivium.values.lineage import Edge, Node, Walk

MOST = 10_000


class Effect(Struct, frozen=True):
    """Something that the change reaches. `sure`: the column is named there; else whole rows went in, and it is not
    known what was made of the column. `versions` are those of a model that are reached, newest first."""

    node: Node
    sure: bool
    why: str
    versions: tuple[int, ...] = ()


class Impact(Struct, frozen=True):
    """Everything that a change of the table (or of one column) reaches. `declared`: what names the column in the
    table's own declaration. Not `complete`: there is more than was looked at."""

    subject: Node
    models: tuple[Effect, ...]
    endpoints: tuple[Effect, ...]
    tables: tuple[Effect, ...]
    declared: tuple[str, ...]
    complete: bool

    @property
    def summary(self) -> str:
        """`2 models (1 perhaps), 1 endpoint and 3 tables`."""
        parts = [_count(self.models, "model"), _count(self.endpoints, "endpoint"), _count(self.tables, "table")]
        return f"{parts[0]}, {parts[1]} and {parts[2]}"


def find_impact(store: Store, subject: Node, *, limit: int = MOST) -> Impact:
    """What a change of this table (or of its column) reaches, through runs, other tables, models and endpoints.

    subject: a table, a version of it, or a column. limit: how many steps of lineage are looked at, newest first.
    """
    walk = downstream(store.catalog, subject, limit=limit)
    search = _Search(store, subject, walk, _roles(store, subject, walk))
    spec = store.catalog.tables.get_spec(subject.name)
    return Impact(
        subject=subject,
        models=tuple(search.models()),
        endpoints=tuple(search.endpoints()),
        tables=tuple(search.tables()),
        declared=tuple(list_declared_uses(spec, subject.column)) if subject.column else (),
        complete=walk.cut == "",
    )


def find_alert_impact(store: Store, alert: Alert) -> Impact | None:
    """What reads the rows that an alert is about: its column, or the whole table. None for what is no table."""
    if store.catalog.tables.find_spec(alert.table) is None:
        return None
    return find_impact(store, Node("table", alert.table, None, alert.column))


def _roles(store: Store, subject: Node, walk: Walk) -> dict[Node, str]:
    """What the subject is to each model version that was reached; "" when that is not known."""
    roles = {}
    for node in walk.nodes:
        if node.kind == "model" and node.version is not None:
            model = store.catalog.models.get_model(node.name, node.version)
            roles[node] = "rows for" if subject.column is None else role_of(store.blobs, model, subject.column)
    return roles


@dataclass(frozen=True)
class _Search:
    """One question. `roles` has what the subject is to each model version."""

    store: Store
    subject: Node
    walk: Walk
    roles: dict[Node, str]

    def models(self) -> Iterator[Effect]:
        for name in sorted({node.name for node in self.roles}):
            mine = {node.version or 0: role for node, role in self.roles.items() if node.name == name}
            versions = sorted(mine, reverse=True)
            named: dict[str, list[int]] = {}
            for version in versions:
                if mine[version]:
                    named.setdefault(mine[version], []).append(version)
            story = "; ".join(f"{role} {_listed(numbers)}" for role, numbers in named.items())
            unknown = f"rows of the table went into {_listed(versions)}; what was made of the column is not known"
            yield Effect(Node("model", name), bool(named), story or unknown, tuple(versions))

    def endpoints(self) -> Iterator[Effect]:
        for name in sorted({edge.target.name for edge in self.walk.edges if edge.target.kind == "endpoint"}):
            endpoint = self.store.catalog.endpoints.get_endpoint(name)
            edges = [edge for edge in self.walk.edges if edge.target == Node("endpoint", name)]
            found = [reason for edge in edges for reason in self._reasons(endpoint, edge)]
            sure = [why for is_sure, why in found if is_sure]
            if found:
                story = "; ".join(dict.fromkeys(sure or [why for _, why in found]))
                yield Effect(Node("endpoint", name), bool(sure), story)

    def _reasons(self, endpoint: Endpoint, edge: Edge) -> Iterator[tuple[bool, str]]:
        """Why the endpoint is reached over this edge, if it is: (sure, why)."""
        column, spec, source = self.subject.column, endpoint.spec, edge.source
        if edge.how == "serves":
            yield bool(self.roles.get(source)), f"serves {source.name} version {source.version}"
        elif column is None or source.name != self.subject.name:
            yield column is None, f"{edge.how} {source.name}"
        elif edge.how == "labels" and (column == spec.key or mentions(edge.detail, column)):
            yield True, f"its truth is {edge.detail} of {source.name}"
        elif edge.how == "looks up" and column in self._needed(endpoint, source.name):
            yield True, f"looks it up in {source.name}"

    def _needed(self, endpoint: Endpoint, table: str) -> set[str]:
        """The columns of a lookup table that answering takes."""
        spec = self.store.catalog.tables.get_spec(table)
        models = self.store.catalog.models
        routed = [models.get_model(endpoint.spec.model, route.version) for route in endpoint.routes]
        inputs = {column.name for model in routed for column in model.signature}
        return {*spec.key, *([spec.time] if spec.time else []), *inputs}

    def tables(self) -> Iterator[Effect]:
        writers: dict[str, list[Node]] = {}
        for edge in self.walk.edges:
            if edge.target.kind == "table" and edge.target.name != self.subject.name:
                writers.setdefault(edge.target.name, []).append(edge.source)
        for name, sources in sorted(writers.items()):
            newest = self.store.catalog.tables.find_version(name)
            named = newest is not None and self.subject.column in {column.name for column in newest.columns}
            by = self._writer(sources)
            if self.subject.column is None:
                yield Effect(Node("table", name), True, f"written by {by}")
            elif named:
                yield Effect(Node("table", name), True, f"has a column of this name; written by {by}")
            else:
                yield Effect(Node("table", name), False, f"written by {by}, from whole rows")

    def _writer(self, sources: Sequence[Node]) -> str:
        first, more = sources[0], len(set(sources)) - 1
        of = f" of {self.store.catalog.runs.get_run(first.name).pipeline}" if first.kind == "run" else ""
        return f"{first.kind} {first.name}{of}{f' and {more} more' if more else ''}"


def _listed(versions: Sequence[int]) -> str:
    numbers = ", ".join(str(each) for each in versions[:5]) + (", ..." if len(versions) > 5 else "")
    return f"version{'s' if len(versions) > 1 else ''} {numbers}"


def _count(effects: Sequence[Effect], noun: str) -> str:
    perhaps = sum(not each.sure for each in effects)
    note = f" ({perhaps} perhaps)" if perhaps else ""
    return f"{len(effects)} {noun}{'' if len(effects) == 1 else 's'}{note}"
