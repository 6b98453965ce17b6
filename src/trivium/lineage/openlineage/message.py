"""The shapes of OpenLineage, spec 2-0-2: events, jobs, runs and datasets, and the facets that say more of them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct, field

SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
FACETS = {
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataSource": "1-0-1/DatasourceDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "lifecycleStateChange": "1-0-1/LifecycleStateChangeDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet",
    "parent": "1-2-0/ParentRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "sourceCodeLocation": "1-1-0/SourceCodeLocationJobFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}

EventType = Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]
Facets = dict[str, dict[str, Any]]


@cache
def own_version() -> str:
    """The version of Trivium that is installed."""
    return metadata.version("trivium")


def producer() -> str:
    """Who makes these messages."""
    return f"urn:trivium:{own_version()}"


class JobPart(Struct, frozen=True, omit_defaults=True):
    """A job: a pipeline, a task of one ("lateness.train"), an act on a table, an endpoint."""

    namespace: str
    name: str
    facets: Facets = {}


class RunPart(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One execution of a job. `run_id` is a UUID."""

    run_id: str
    facets: Facets = {}


class InputPart(Struct, frozen=True, omit_defaults=True):
    """Something that was read."""

    namespace: str
    name: str
    facets: Facets = {}


class OutputPart(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Something that was written."""

    namespace: str
    name: str
    facets: Facets = {}
    output_facets: Facets = {}


class RunMessage(Struct, frozen=True, rename="camel"):
    """A run of a job started, went on or ended."""

    event_type: EventType
    event_time: str
    run: RunPart
    job: JobPart
    inputs: tuple[InputPart, ...] = ()
    outputs: tuple[OutputPart, ...] = ()
    producer: str = field(default_factory=producer)
    schema_url: str = field(default=f"{SPEC}RunEvent", name="schemaURL")


class JobMessage(Struct, frozen=True, rename="camel"):
    """A job that is no run: what an endpoint is made of."""

    event_time: str
    job: JobPart
    inputs: tuple[InputPart, ...] = ()
    outputs: tuple[OutputPart, ...] = ()
    producer: str = field(default_factory=producer)
    schema_url: str = field(default=f"{SPEC}JobEvent", name="schemaURL")


Message = RunMessage | JobMessage


def facet(key: str, **fields: Any) -> Facets:
    """{key: facet}; fields that are None are left out."""
    path = FACETS[key]
    kind = path.rpartition("/")[2]
    head = {"_producer": producer(), "_schemaURL": f"https://openlineage.io/spec/facets/{path}.json#/$defs/{kind}"}
    return {key: {**head, **{name: value for name, value in fields.items() if value is not None}}}


def uuid_of(namespace: str, *names: str) -> str:
    """The UUID of a run: the same names give the same one, so that a repeated event is known to be one."""
    return str(uuid5(uuid5(NAMESPACE_URL, namespace), "/".join(names)))


def moment(at: datetime) -> str:
    """A time as RFC 3339 has it, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
