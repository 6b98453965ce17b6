"""`python -m trivium.pipelines.published_process`: does the PublishedJob that it reads from stdin, answers in JSON."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from trivium.errors import CorruptObject, Misuse, NotFound, TaskFailed, TriviumError
from trivium.pipelines.artifacts import decode
from trivium.pipelines.code import code_of
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.drawn_alone import draw_alone
from trivium.pipelines.engine import REPRODUCES, RunRequest, execute, record_parameters
from trivium.pipelines.environment import current_environment
from trivium.pipelines.graph import Graph, Node, Output, build_graph
from trivium.pipelines.isolated import load_kept
from trivium.pipelines.parameters import Setting, bind_parameters
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.published_job import PublishedAnswer, PublishedJob, Stored, Supply
from trivium.pipelines.results import find_result
from trivium.pipelines.signature import EMPTY, annotations_of, type_text
from trivium.pipelines.task import Task, TaskOptions
from trivium.pipelines.type_form import describe_type
from trivium.settings import Settings
from trivium.store.store import Store, open_store, use_store
from trivium.tables.table import Table
from trivium.values.published import Publication, PublishedParameter


def main() -> None:
    """The job is done, and told of."""
    with os.fdopen(os.dup(1), "wb") as channel:
        os.dup2(2, 1)
        job = msgspec.json.decode(sys.stdin.buffer.read(), type=PublishedJob)
        settings = msgspec.convert(job.settings, Settings, dec_hook=lambda kind, value: kind(value))
        store = open_store(settings)
        try:
            with use_store(store):
                answer = _do(job, store)
        except TriviumError as error:
            answer = PublishedAnswer(error=str(error), failed=isinstance(error, TaskFailed))
        finally:
            store.close()
        channel.write(msgspec.json.encode(answer) + b"\n")


def _do(job: PublishedJob, store: Store) -> PublishedAnswer:
    pipeline = load_kept(Path(job.code), job.pipeline)
    if pipeline is None:
        raise Misuse(f"Pipeline {job.pipeline!r} belongs to an installed package; import it from there.")
    if not job.key:
        return PublishedAnswer(publication=describe(pipeline, job.kept, store))
    plain, nodes = _arguments(job, store, pipeline)
    request = RunRequest(
        pipeline=pipeline.name,
        function=functools.partial(_draw, pipeline, frozenset(nodes)),
        parameters={**plain, **nodes},
        key=job.key,
        trigger="pipeline",
        accept_alerts=job.accept_alerts,
        cache=not job.reproduces,
        instead_of=job.reproduces,
        versions=_versions(job, pipeline, {**plain, **nodes}),
        tags={
            "published": f"{job.pipeline}@{job.version}",
            "part_of": job.part_of,
            **({REPRODUCES: job.reproduces} if job.reproduces else {}),
        },
        code=msgspec.structs.replace(code_of(pipeline.function, Path(job.code)), kept=job.kept),
    )
    run = execute(request, store)
    told = f"{job.pipeline}@{job.version} is run {run.id}: {run.executed} executed, {run.cached} reused"
    return PublishedAnswer(run=run.id, refs=find_result(store, run.id), told=told)


def describe(pipeline: Pipeline[Any, Any], kept: str, store: Store) -> Publication:
    """The pipeline as a publication, without a version. Raises Misuse when it does not draw with its defaults."""
    types = annotations_of(pipeline.function)
    known = pipeline.signature.parameters.values()
    parameters = tuple(
        PublishedParameter(
            each.name, describe_type(types.get(each.name, Any)), None if each.default is EMPTY else repr(each.default)
        )
        for each in known
    )
    graph = draw_alone(pipeline)
    result = types.get("return", Any)
    if graph is not None and not isinstance(graph.result, Node | Output):
        raise Misuse(f"Pipeline {pipeline.name!r} cannot be published: it does not return the result of a task.")
    return Publication(
        name=pipeline.name,
        version=0,
        kept=kept,
        parameters=parameters,
        result=describe_type(result),
        tables=None if graph is None else tuple(sorted(graph.tables())),
        environment=current_environment().digest,
        actor=store.actor,
        created_at=store.clock(),
        note=f"returns {type_text(result)}" if result is not Any else "",
    )


def _graph() -> Graph:
    graph = current_graph()
    if graph is None:
        raise Misuse("A published pipeline is drawn here, and no graph is.")
    return graph


def _stored(refs: list[Any]) -> Any:
    """What a caller gave, as the result of a task."""
    values = tuple(Stored(ref) for ref in refs)
    return values if len(values) > 1 else values[0]


def _draw(pipeline: Pipeline[Any, Any], supplied: frozenset[str], **parameters: Any) -> Any:
    """The pipeline's result; what is not known while drawing is that of a task of its name, and a table is itself."""
    graph = _graph()
    for name in supplied:
        given: Supply = parameters[name]
        if given.table is not None:
            parameters[name] = Table(given.table.table)
        else:
            options = TaskOptions(outputs=len(given.refs) if len(given.refs) > 1 else 0)
            parameters[name] = graph.add(Task(_stored, name, options), (list(given.refs),), {})
    return pipeline.function(**parameters)


def _arguments(
    job: PublishedJob, store: Store, pipeline: Pipeline[Any, Any]
) -> tuple[dict[str, Any], dict[str, Supply]]:
    """The parameters that are plain values, of their types, and those that only tasks will read."""
    plain, nodes = {}, {}
    for name, given in job.supplies.items():
        value = given.secret or _plain(name, given, store)
        if value is Ellipsis:
            nodes[name] = given
        else:
            plain[name] = value
    rest = _without(pipeline.function, frozenset(nodes))
    settings = (Setting((name,), value) for name, value in plain.items())
    return bind_parameters(pipeline.name, rest, settings).values, nodes


def _plain(name: str, given: Supply, store: Store) -> Any:
    """The value that a parameter is recorded with; ... when there is none."""
    if len(given.refs) != 1 or given.refs[0].kind != "json":
        return ...
    try:
        value = decode(given.refs[0], store.blobs)
        record_parameters({name: value})
    except (Misuse, NotFound, CorruptObject):
        return ...
    return value


def _without(function: Callable[..., Any], names: frozenset[str]) -> Callable[..., Any]:
    """The function, as one that does not have these parameters."""

    @functools.wraps(function)
    def rest(**_given: Any) -> None:
        """Only its signature is looked at."""

    signature = inspect.signature(function)
    kept = [each for name, each in signature.parameters.items() if name not in names]
    rest.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined] # as inspect reads it
    return rest


def _versions(job: PublishedJob, pipeline: Pipeline[Any, Any], parameters: dict[str, Any]) -> dict[str, int]:
    """The versions that the caller's run reads. Raises Misuse for a table that the publication does not name."""
    supplied = frozenset(name for name, each in parameters.items() if isinstance(each, Supply))
    draw = functools.partial(_draw, pipeline, supplied)
    tables = build_graph(pipeline.name, draw, parameters).tables()
    given = {each.table.table: each.table.version for each in job.supplies.values() if each.table is not None}
    versions = {**job.versions, **given}
    more = sorted(set(tables) - set(versions))
    if more and job.versions:
        raise Misuse(
            f"Published pipeline {job.pipeline}@{job.version} reads {', '.join(more)} with these arguments, and not "
            "when it was published; pass tables that depend on arguments as arguments."
        )
    return {name: version for name, version in versions.items() if name in tables}


if __name__ == "__main__":
    main()
