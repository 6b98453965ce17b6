"""What things are made of, by what runs read: followed for many things at once, to where nothing is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from trivium.lineage.parts import Reader, Reads, list_parts, read_in_all
from trivium.store.catalog import Catalog
from trivium.values.lineage import Node
from trivium.values.models import ModelVersion

Made = dict[Node, dict[str, list[Reader]]]


def follow_tables(catalog: Catalog, tables: Iterable[str], made: Made) -> None:
    """`made` has the inputs of these tables, of their inputs, and so on; a table without inputs has none.

    Each step back asks the catalog once for all tables, and no table twice.
    """
    level = {name for name in tables if _table(name) not in made}
    while level:
        made |= {_table(name): {} for name in level}
        changes = catalog.lineage.changes_of(sorted(level))
        parts = {name: list_parts(list(found)) for name, found in groupby(changes, key=lambda each: each.table)}
        reads = _read(catalog, {part.run for each in parts.values() for part in each})
        for name, each in parts.items():
            made[_table(name)] = _by_table(reader for part in each for reader in reads.list_readers(part, of=name))
        level = {table for name in parts for table in made[_table(name)] if _table(table) not in made}


def follow_models(catalog: Catalog, models: Sequence[ModelVersion], made: Made) -> None:
    """`made` has the inputs of these model versions, of those tables, and so on.

    A model is made of what the runs read that registered it or returned its artifact.
    """
    makers: dict[str, set[str]] = defaultdict(set)
    for artifact, run in catalog.lineage.makers_of(sorted({model.artifact for model in models})):
        makers[artifact].add(run)
    runs = {
        Node("model", model.name, model.version): makers[model.artifact] | ({model.run} if model.run else set())
        for model in models
    }
    reads = _read(catalog, {run for each in runs.values() for run in each})
    for node, each in runs.items():
        made[node] = _by_table(read_in_all(reads, sorted(each)))
    follow_tables(catalog, {table for node in runs for table in made[node]}, made)


def _read(catalog: Catalog, runs: Iterable[str]) -> Reads:
    return Reads(catalog.lineage.reads_by(sorted(runs)))


def _by_table(readers: Iterable[Reader]) -> dict[str, list[Reader]]:
    grouped: dict[str, list[Reader]] = defaultdict(list)
    for reader in readers:
        grouped[reader.table].append(reader)
    return dict(grouped)


def _table(name: str) -> Node:
    return Node("table", name)
