"""Which tables and models are stale: made of inputs that have newer versions, in which what was read differs.

A table that no run wrote, such as one that is fed by hand or imported, has no inputs and is never stale.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from trivium.lineage.newer import find_newer
from trivium.lineage.origins import Made, follow_models, follow_tables
from trivium.lineage.parts import Reader
from trivium.lineage.table_log import TableLog
from trivium.store.catalog import Catalog
from trivium.values.endpoints import Endpoint
from trivium.values.lineage import Node
from trivium.values.models import ModelVersion
from trivium.values.staleness import NewerInput, Staleness
from trivium.values.tables import TableSpec

FARTHEST = 200  # tables that are looked at behind one thing
Direct = Mapping[Node, Sequence[NewerInput]]


class Use(Struct, frozen=True):
    """Who of the parts of one thing read what of one input."""

    thing: Node
    table: str
    readers: tuple[Reader, ...]
    aligned: bool

    @property
    def oldest(self) -> int:
        """The oldest version that is looked at: from the beginning, where single partitions were read."""
        whole = not self.aligned and all(reader.scope is None for reader in self.readers)
        return min(reader.version for reader in self.readers) if whole else 0


def find_stale_tables(catalog: Catalog, tables: Iterable[str]) -> dict[str, Staleness]:
    """The staleness of the newest version of each table. A few questions to the catalog answer it for all of them."""
    made: Made = {}
    names = list(tables)
    follow_tables(catalog, names, made)
    direct = _find_direct(catalog, made)
    return {name: Staleness(_join(Node("table", name), made, direct)) for name in names}


def find_stale_models(catalog: Catalog, models: Sequence[ModelVersion]) -> dict[tuple[str, int], Staleness]:
    """The staleness of each model version, by (name, version). A few questions to the catalog answer it for all."""
    made: Made = {}
    follow_models(catalog, models, made)
    direct = _find_direct(catalog, made)
    return {
        (model.name, model.version): Staleness(_join(Node("model", model.name, model.version), made, direct))
        for model in models
    }


def find_stale_nodes(catalog: Catalog, nodes: Iterable[Node]) -> dict[Node, Staleness]:
    """Those of the nodes that are stale: tables in their newest version, and versions of models."""
    asked = list(nodes)
    tables = [node for node in asked if node.kind == "table" and _is_newest(catalog, node)]
    models = [node for node in asked if node.kind == "model" and node.version is not None]
    stale_tables = find_stale_tables(catalog, {node.name for node in tables})
    stale_models = find_stale_models(catalog, [catalog.models.get_model(node.name, node.version) for node in models])
    found = {node: stale_tables[node.name] for node in tables}
    found |= {node: stale_models[node.name, node.version or 0] for node in models}
    return {node: staleness for node, staleness in found.items() if staleness.stale}


def find_stale_sources(catalog: Catalog, endpoint: Endpoint) -> dict[Node, Staleness]:
    """What is stale of the tables that the endpoint looks up in, and of the model versions that it serves."""
    tables = [Node("table", name) for name in endpoint.spec.lookups]
    models = [Node("model", endpoint.spec.model, route.version) for route in endpoint.routes]
    return find_stale_nodes(catalog, [*tables, *models])


def table_staleness(catalog: Catalog, table: str) -> Staleness:
    """The staleness of a table's newest version."""
    return find_stale_tables(catalog, [table])[table]


def model_staleness(catalog: Catalog, model: ModelVersion) -> Staleness:
    """The staleness of a model version."""
    return find_stale_models(catalog, [model])[model.name, model.version]


def _is_newest(catalog: Catalog, node: Node) -> bool:
    return node.version is None or node.version == catalog.tables.newest_version(node.name)


def _find_direct(catalog: Catalog, made: Made) -> Direct:
    """Of each thing the inputs that it was made of itself, as far as they are newer."""
    uses = _list_uses(catalog, made)
    logs = _read_logs(catalog, uses)
    found = [(use, _newer(use, logs)) for use in uses]
    doubtful = [use for use, newer in found if newer is not None and newer.changed]
    _learn_files(catalog, doubtful, logs)
    direct: dict[Node, list[NewerInput]] = {}
    for use, newer in found:
        sure = _newer(use, logs) if newer is not None and newer.changed else newer
        if sure is not None:
            direct.setdefault(use.thing, []).append(sure)
    return direct


def _list_uses(catalog: Catalog, made: Made) -> list[Use]:
    derived = any(thing.kind == "table" and inputs for thing, inputs in made.items())
    specs = {spec.name: spec for spec in catalog.tables.list_specs()} if derived else {}
    return [
        Use(thing, table, tuple(readers), thing.kind == "table" and _aligned(specs.get(thing.name), specs.get(table)))
        for thing, inputs in made.items()
        for table, readers in sorted(inputs.items())
    ]


def _aligned(one: TableSpec | None, other: TableSpec | None) -> bool:
    timed = one is not None and other is not None and one.time is not None and other.time is not None
    return timed and one.every == other.every  # type: ignore[union-attr]


def _read_logs(catalog: Catalog, uses: Sequence[Use]) -> dict[str, TableLog]:
    changes = catalog.lineage.changes_since(_oldest(uses)) if uses else []
    return {table: TableLog(list(found)) for table, found in groupby(changes, key=lambda change: change.table)}


def _learn_files(catalog: Catalog, uses: Sequence[Use], logs: Mapping[str, TableLog]) -> None:
    spans = sorted(catalog.lineage.spans_since(_oldest(uses)) if uses else [], key=lambda span: span.table)
    for table, found in groupby(spans, key=lambda span: span.table):
        logs[table].learn_files(list(found))


def _oldest(uses: Sequence[Use]) -> dict[str, int]:
    oldest: dict[str, int] = {}
    for use in uses:
        version = use.oldest
        oldest[use.table] = min(oldest.get(use.table, version), version)
    return oldest


def _newer(use: Use, logs: Mapping[str, TableLog]) -> NewerInput | None:
    """None also for an input of which nothing is on record any more."""
    log = logs.get(use.table)
    return None if log is None else find_newer(log, use.readers, aligned=use.aligned)


def _join(thing: Node, made: Made, direct: Direct) -> tuple[NewerInput, ...]:
    """The thing's own newer inputs, then those of the tables behind it, nearest first, each table asked once.

    A table is not stale for what it is itself to a table before it.
    """
    found = list(direct.get(thing, ()))
    seen = {thing}
    further: deque[tuple[Node, tuple[str, ...]]] = deque((Node("table", table), (table,)) for table in made[thing])
    while further and len(seen) <= FARTHEST:
        node, path = further.popleft()
        if node in seen:
            continue
        seen.add(node)
        found += [replace(each, through=path) for each in direct.get(node, ()) if Node("table", each.table) != thing]
        further += [(Node("table", table), (*path, table)) for table in made.get(node, ())]
    return tuple(found)
