"""Tables and models as OpenLineage knows them: datasets with their schema, version, owner and where their columns
come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from trivium.lineage.openlineage.message import Facets, InputPart, OutputPart, facet
from trivium.settings import Settings
from trivium.store.catalog import Catalog
from trivium.values.lineage import Read, Write
from trivium.values.models import ModelVersion
from trivium.values.tables import Column, Commit, TableSpec

MOST_FIELDS = 1000
CHANGES = {"overwrite": "OVERWRITE", "rename": "ALTER", "widen": "ALTER"}


def namespace_of(settings: Settings) -> str:
    """What the project's jobs and tables are named under: the shared database without its password, or the folder."""
    shared = urlsplit(settings.store)
    if shared.hostname:
        port = f":{shared.port}" if shared.port else ""
        return f"trivium://{shared.hostname}{port}{shared.path}"
    return f"trivium://{settings.root.resolve().name or 'project'}"


def table_input(catalog: Catalog, namespace: str, table: str, version: int | None = None) -> InputPart:
    """A table that was read; without a version, whatever its newest one is."""
    commit = catalog.tables.find_version(table, version)
    return InputPart(namespace, table, _table_facets(catalog, namespace, table, commit if version else None))


def table_output(catalog: Catalog, namespace: str, write: Write) -> OutputPart:
    """A version of a table that was written, with how much was added."""
    commit = catalog.tables.find_version(write.table, write.version)
    facets = _table_facets(catalog, namespace, write.table, commit)
    if commit is None:
        return OutputPart(namespace, write.table, facets)
    change = "CREATE" if write.version == 1 else CHANGES.get(write.operation)
    if change is not None:
        facets |= facet("lifecycleStateChange", lifecycleStateChange=change)
    rows, size = sum(file.rows for file in commit.added), sum(file.bytes for file in commit.added)
    measured = facet("outputStatistics", rowCount=rows, size=size, fileCount=len(commit.added))
    return OutputPart(namespace, write.table, facets, measured)


def table_name_only(namespace: str, table: str) -> OutputPart:
    """A table that is written now and then, no version of it in particular."""
    return OutputPart(namespace, table)


def model_output(catalog: Catalog, namespace: str, model: ModelVersion, reads: Sequence[Read] = ()) -> OutputPart:
    """A model version, and the columns of the tables that its run read which are its inputs by name."""
    facets = _model_facets(namespace, model)
    sources = list(column_sources(catalog, namespace, model.signature, reads))
    if sources:
        facets |= facet("columnLineage", fields={}, dataset=sources)
    return OutputPart(namespace, model_name(model.name), facets)


def model_input(namespace: str, model: ModelVersion) -> InputPart:
    """A model version that was read or served."""
    return InputPart(namespace, model_name(model.name), _model_facets(namespace, model))


def model_name(name: str) -> str:
    """A model's name among datasets: a table may have the same one."""
    return f"models/{name}"


def column_sources(
    catalog: Catalog, namespace: str, inputs: Iterable[Column], reads: Sequence[Read]
) -> Iterable[dict[str, Any]]:
    """The column of a table that each input is, where exactly one table that was read has a column of its name.

    The target and what a task made by itself are not known by name, so they are left out.
    """
    tables = {read.name: catalog.tables.find_version(read.name, read.version) for read in reads if read.kind == "table"}
    columns = {
        name: {column.name for column in commit.columns} for name, commit in tables.items() if commit is not None
    }
    for wanted in inputs:
        homes = [name for name, known in columns.items() if wanted.name in known]
        if len(homes) == 1:
            yield {"namespace": namespace, "name": homes[0], "field": wanted.name}


def _table_facets(catalog: Catalog, namespace: str, table: str, commit: Commit | None) -> Facets:
    facets = facet("dataSource", name=namespace, uri=namespace)
    spec = catalog.tables.find_spec(table)
    if spec is not None:
        facets |= _declared(spec)
    if commit is not None:
        facets |= facet("version", datasetVersion=str(commit.version))
        facets |= facet("schema", fields=_fields(commit.columns))
    return facets


def _declared(spec: TableSpec) -> Facets:
    owned = facet("ownership", owners=[{"name": spec.owner, "type": "OWNER"}]) if spec.owner else {}
    told = facet("documentation", description=spec.description) if spec.description else {}
    return {**owned, **told}


def _model_facets(namespace: str, model: ModelVersion) -> Facets:
    return {
        **facet("dataSource", name=namespace, uri=namespace),
        **facet("version", datasetVersion=str(model.version)),
        **facet("schema", fields=_fields(model.signature)),
        **facet("ownership", owners=[{"name": model.author, "type": "AUTHOR"}]),
        **(facet("documentation", description=model.description) if model.description else {}),
    }


def _fields(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"name": column.name, "type": column.type} for column in columns[:MOST_FIELDS]]
