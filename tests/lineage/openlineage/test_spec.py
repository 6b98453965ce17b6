"""Every message is what OpenLineage 2-0-2 asks for: checked by hand, and by the project's own typed classes."""

from __future__ import annotations

import enum
import json
import re
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import attr
import msgspec
import pytest
from openlineage.client.generated import base

from trivium.lineage.openlineage.datasets import namespace_of
from trivium.lineage.openlineage.emit import encode
from trivium.lineage.openlineage.message import FACETS
from trivium.lineage.openlineage.translate import translate
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.store.store import Store
from trivium.values.runs import Code, Environment, Run

MODULES = {
    "columnLineage": "column_lineage_dataset", "dataSource": "datasource_dataset",
    "documentation": "documentation_dataset", "errorMessage": "error_message_run", "jobType": "job_type_job",
    "lifecycleStateChange": "lifecycle_state_change_dataset", "outputStatistics": "output_statistics_output_dataset",
    "ownership": "ownership_dataset", "parent": "parent_run", "processing_engine": "processing_engine_run",
    "schema": "schema_dataset", "sourceCodeLocation": "source_code_location_job", "version": "dataset_version_dataset",
}  # fmt: skip
KINDS = {"run": base.RunFacet, "job": base.JobFacet, "inputs": base.DatasetFacet, "outputs": base.DatasetFacet,
         "output": base.OutputDatasetFacet}  # fmt: skip
EVENT_KEYS = {
    "RunEvent": {"eventType", "eventTime", "run", "job", "inputs", "outputs", "producer", "schemaURL"},
    "JobEvent": {"eventTime", "job", "inputs", "outputs", "producer", "schemaURL"},
}


@task
def stumble() -> int:
    """A task that fails."""
    raise ValueError("no rows today")


@pipeline
def stumbling() -> int:
    """A pipeline that fails."""
    return stumble()


def messages(store: Store) -> list[dict[str, Any]]:
    events = store.catalog.events.list_events(limit=10_000)
    return [json.loads(encode(message)) for event in events for message in translate(store, event)]


@pytest.fixture
def told(lived: Store) -> list[dict[str, Any]]:
    """Everything that the project and a failing run of it tell."""
    with pytest.raises(Exception, match="no rows today"):
        stumbling.run(store=lived)
    return messages(lived)


def facet_class(key: str) -> Any:
    return getattr(import_module(f"openlineage.client.generated.{MODULES[key]}"), FACETS[key].rpartition("/")[2])


def build(kind: Any, value: Any) -> Any:
    """The value as this class: unknown fields, lacking ones and other types are errors."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else build(next(each for each in arguments if each is not type(None)), value)
    if origin is list:
        assert isinstance(value, list)
        return [build(arguments[0], each) for each in value]
    if origin is dict:
        assert isinstance(value, dict)
        return {name: each if arguments[1] is Any else build(arguments[1], each) for name, each in value.items()}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    if attr.has(kind):
        hints = typing.get_type_hints(kind)
        fields = {name.lstrip("_"): build(hints[name], each) for name, each in value.items() if name != "_schemaURL"}
        return kind(**fields)
    assert type(value) is kind, (kind, value)
    return value


def facets_of(message: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(place, key, facet) of every facet."""
    places = [("job", message["job"])] + ([("run", message["run"])] if "run" in message else [])
    places += [(side, part) for side in ("inputs", "outputs") for part in message[side]]
    for place, part in places:
        yield from ((place, key, each) for key, each in part.get("facets", {}).items())
        yield from (("output", key, each) for key, each in part.get("outputFacets", {}).items())


def test_every_event_has_what_the_specification_requires_and_nothing_else(told: list[dict[str, Any]]) -> None:
    for message in told:
        kind = message["schemaURL"].rpartition("/")[2]
        assert message["schemaURL"] == f"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{kind}"
        assert set(message) == EVENT_KEYS[kind]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", message["eventTime"])
        assert datetime.fromisoformat(message["eventTime"]).tzinfo is not None
        assert urlsplit(message["producer"]).scheme
        for part in (message["job"], *message["inputs"], *message["outputs"]):
            assert set(part) <= {"namespace", "name", "facets", "outputFacets"}
            assert part["name"]
            assert part["namespace"].startswith("trivium://")
        if kind == "RunEvent":
            assert set(message["run"]) <= {"runId", "facets"}
            assert str(UUID(message["run"]["runId"])) == message["run"]["runId"]


def test_every_event_is_built_by_the_typed_classes(told: list[dict[str, Any]]) -> None:
    for message in told:
        kind = base.RunEvent if "run" in message else base.JobEvent
        plain = json.loads(json.dumps(message))
        for part in (plain["job"], plain.get("run", {}), *plain["inputs"], *plain["outputs"]):
            part.pop("facets", None)
            part.pop("outputFacets", None)
        assert plain.pop("schemaURL") == build(kind, plain).schemaURL


def test_every_facet_is_built_by_its_typed_class_and_belongs_where_it_is(told: list[dict[str, Any]]) -> None:
    seen = set()
    for message in told:
        for place, key, each in facets_of(message):
            built = build(facet_class(key), each)
            assert each["_schemaURL"] == built._get_schema()
            assert each["_producer"] == message["producer"]
            assert isinstance(built, KINDS[place])
            seen.add(key)
    assert seen >= {"columnLineage", "dataSource", "errorMessage", "jobType", "lifecycleStateChange", "ownership",
                    "outputStatistics", "parent", "processing_engine", "schema", "version"}  # fmt: skip


@pytest.mark.parametrize("key", sorted(FACETS))
def test_every_facet_that_we_know_is_one_of_theirs(key: str) -> None:
    name = FACETS[key]
    assert facet_class(key)._get_schema().endswith(f"/{name}.json#/$defs/{name.rpartition('/')[2]}")


def test_every_run_starts_once_and_ends_once(told: list[dict[str, Any]]) -> None:
    states: dict[str, list[str]] = {}
    for message in told:
        if "run" in message:
            states.setdefault(message["run"]["runId"], []).append(message["eventType"])
    assert {tuple(each) for each in states.values()} == {("START", "COMPLETE"), ("START", "FAIL")}


def test_a_failed_run_and_its_task_tell_the_error(told: list[dict[str, Any]]) -> None:
    failed = {message["job"]["name"]: message["run"]["facets"]["errorMessage"] for message in told
              if message.get("eventType") == "FAIL"}  # fmt: skip
    assert set(failed) == {"stumbling", "stumbling.stumble"}
    assert "ValueError: no rows today" in failed["stumbling.stumble"]["message"]


def test_a_task_has_its_pipelines_run_as_parent_and_the_tables_that_it_read(told: list[dict[str, Any]]) -> None:
    ended = {message["job"]["name"]: message for message in told if message.get("eventType") == "COMPLETE"}
    learn, whole = ended["lateness.learn"], ended["lateness"]
    parents = {message["run"]["runId"] for message in told if message["job"]["name"] == "lateness"}
    assert learn["run"]["facets"]["parent"]["run"]["runId"] in parents
    assert learn["run"]["facets"]["parent"]["job"] == {"namespace": whole["job"]["namespace"], "name": "lateness"}
    assert [each["name"] for each in learn["inputs"]] == ["features"]


def test_the_end_of_a_run_names_what_it_read_and_wrote_with_versions(told: list[dict[str, Any]]) -> None:
    whole = next(message for message in told if message["job"]["name"] == "lateness" and message["outputs"])
    assert [(each["name"], each["facets"]["version"]["datasetVersion"]) for each in whole["inputs"]] == [
        ("features", "2")
    ]
    written = {each["name"]: each for each in whole["outputs"]}
    assert set(written) == {"late_evaluations", "models/late"}
    assert written["late_evaluations"]["outputFacets"]["outputStatistics"]["rowCount"] == 12
    columns = written["models/late"]["facets"]["columnLineage"]["dataset"]
    assert [(each["name"], each["field"]) for each in columns] == [("features", "distance"), ("features", "wind")]


def test_a_commit_by_hand_is_a_run_of_its_own(told: list[dict[str, Any]]) -> None:
    by_hand = [message for message in told if message["job"]["name"] == "flights.append"]
    assert [message["eventType"] for message in by_hand] == ["START", "COMPLETE"] * 2
    assert by_hand[1]["outputs"][0]["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "CREATE"


def test_an_endpoint_is_a_job_of_its_model_and_tables(told: list[dict[str, Any]]) -> None:
    (endpoint,) = [message for message in told if message["job"]["name"] == "endpoints/late"]
    assert [each["name"] for each in endpoint["inputs"]] == ["models/late", "weather", "delays"]
    assert [each["name"] for each in endpoint["outputs"]] == ["late_predictions"]


def test_code_in_a_git_repository_is_located_by_its_commit(lived: Store) -> None:
    code = Code("c" * 64, "my pipelines/late.py", "0a1b2c", dirty=False)
    run = Run("run-1", "located", "running", {}, (), code, "e" * 64, "ada", lived.clock())
    lived.catalog.runs.start(run, Environment("e" * 64, "3.11", {}))
    (message,) = [each for each in messages(lived) if each["job"]["name"] == "located"]
    where = message["job"]["facets"]["sourceCodeLocation"]
    assert (where["type"], where["url"], where["path"], where["version"]) == (
        "git", "file:my%20pipelines/late.py", "my pipelines/late.py", "0a1b2c",
    )  # fmt: skip
    build(facet_class("sourceCodeLocation"), where)


def test_a_shared_catalog_is_named_without_its_password(lived: Store) -> None:
    settings = msgspec.structs.replace(lived.settings, store="postgresql://ada:hidden@db.example:5433/ml")
    assert namespace_of(settings) == "trivium://db.example:5433/ml"
    assert namespace_of(lived.settings) == "trivium://life"


def test_the_same_event_is_the_same_message_whenever_it_is_told(lived: Store) -> None:
    assert messages(lived) == messages(lived)
