"""Runs a pipeline: draws its graph, pins its inputs, records the run, refuses alerted inputs, and executes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import PurePath
from typing import Any

import msgspec
from msgspec import Struct

from trivium.errors import BlockedByAlert, Misuse
from trivium.failpoints import failpoint
from trivium.pipelines.environment import current_environment
from trivium.pipelines.environments.nodes import resolve_nodes
from trivium.pipelines.execution import Execution
from trivium.pipelines.executors.executor import check_executor, prepare_executor
from trivium.pipelines.graph import Graph, Node, Output, build_graph
from trivium.pipelines.held_run import held_run
from trivium.pipelines.inputs import describe_alerts, pin_inputs
from trivium.pipelines.kept_code import keep_code
from trivium.pipelines.partition import PartitionRange, is_partition, parse_range
from trivium.pipelines.partitioned import Wanted, tables_by_partition
from trivium.pipelines.progress import Progress
from trivium.pipelines.secrets import Secret
from trivium.pipelines.table_ring import refuse_rings
from trivium.store.acting import noting_reads
from trivium.store.store import Store, use_store
from trivium.values.alerts import Alert
from trivium.values.lineage import Read
from trivium.values.runs import Code, Run, TableInput

PARTITIONS, REPRODUCES = "partitions", "reproduces"  # tags of a run


class RunRequest(Struct, frozen=True):
    """What to run. `again` is the run to go on with; `cache=False` executes everything anew.

    code: what the run's code is on record as, when it is kept already. partitions: only these of the tables that tasks
    commit into, as `parse_range` reads it. instead_of: the run that is reproduced, so that nothing is committed.
    environments: {task: digest} of those to take instead of what is locked now. on: the executor, when it is
    not the setting's.
    """

    pipeline: str
    function: Callable[..., Any]
    parameters: dict[str, Any]
    key: str | None = None
    trigger: str | None = None
    accept_alerts: bool = False
    versions: dict[str, int] = {}
    tags: dict[str, str] = {}
    sources: dict[str, str] = {}
    cache: bool = True
    again: Run | None = None
    code: Code | None = None
    partitions: str | None = None
    instead_of: str = ""
    environments: dict[str, str] = {}
    on: str | None = None


def execute(request: RunRequest, store: Store, progress: Progress | None = None) -> Run:
    """The pipeline has run and is on record; see `Pipeline.run`. Raises RunGoing when another process runs it."""
    known = request.key or (request.again.id if request.again is not None else "")
    with held_run(store, known):
        return _execute(request, store, progress, known)


def _execute(request: RunRequest, store: Store, progress: Progress | None, known: str) -> Run:
    among = _asked_partitions(request)
    before = request.again or (store.catalog.runs.find_by_key(request.key) if request.key else None)
    if before is not None:
        _refuse_other(request, before)
        if before.status == "succeeded":
            return before
    check_executor(request.on or store.settings.executor)
    with use_store(store):
        with noting_reads() as drawn:  # rows that the pipeline's own function reads are inputs as well
            graph = build_graph(request.pipeline, request.function, request.parameters)
        refuse_rings(graph)
        refuse_partitions(graph, among)
        if _is_new(graph, store):
            prepare_executor(request.on or store.settings.executor, store.settings)
        tables = pin_inputs(store, graph.tables(), _asked_versions(request, graph, before))
        environments = resolve_nodes(graph.nodes, store, request.environments)
        run = _open_run(request, store, graph, tables, before)
        if run.status == "succeeded":
            return run
        store.catalog.lineage.record_reads([Read(run.id, "", "table", *read) for read in drawn.items()])
        blocking = _refuse_blocked(request, store, run, [*tables, *drawn], tables_by_partition(graph.nodes))
        wanted = Wanted(among, tuple(blocking), request.instead_of, _executed(store, request.instead_of))
        going = Execution(
            store,
            run,
            graph,
            tables,
            progress,
            cache=request.cache,
            environments=environments,
            wanted=wanted,
            executor=request.on,
        )
        with held_run(store, "" if known else run.id):
            return going.finish()


def _executed(store: Store, run: str) -> frozenset[str] | None:
    """What a run that is reproduced has executed; what it found done was made by another one."""
    if not run:
        return None
    return frozenset(task.node for task in store.catalog.runs.list_tasks(run) if task.status == "executed")


def _asked_partitions(request: RunRequest) -> PartitionRange | None:
    """A run that goes on makes what it was started for."""
    asked = request.again.tags.get(PARTITIONS) if request.again is not None else request.partitions
    return None if asked is None else parse_range(asked)


def refuse_partitions(graph: Graph, among: PartitionRange | None) -> None:
    """Raises Misuse when partitions are asked for, and no task makes any."""
    tables = [node.task.options.commits for node in graph.nodes]
    if among is not None and not any(table is not None and table.time is not None for table in tables):
        raise Misuse(
            f"Pipeline {graph.pipeline!r} makes no partitions, so {among} says nothing: none of its tasks commits into "
            'a table with event time (`@tv.task(commits=tv.Table("daily", time="day"))`).'
        )


def _is_new(graph: Graph, store: Store) -> bool:
    """Whether its first task was never executed, so that there is something to do for certain."""
    return bool(graph.nodes) and store.catalog.runs.find_newest_task(graph.nodes[0].task.name) is None


def _asked_versions(request: RunRequest, graph: Graph, before: Run | None) -> dict[str, int]:
    """A run that goes on reads what it started with."""
    if before is None:
        return request.versions
    return {each.table: each.version for each in before.inputs if each.table in graph.tables()}


def _refuse_other(request: RunRequest, before: Run) -> None:
    same = record_parameters(request.parameters) == before.parameters
    if before.pipeline != request.pipeline or not same:
        raise Misuse(
            f"The key {before.key!r} names run {before.id} of pipeline {before.pipeline!r} with the parameters "
            f"{before.parameters}; another request needs another key."
        )


def record_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as they are recorded. Raises Misuse for one that cannot be."""
    for name, value in parameters.items():
        try:
            msgspec.json.encode(value, enc_hook=_as_text)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise Misuse(
                f"Parameter {name!r} is a {type(value).__name__}, which cannot be recorded ({error}); "
                "give numbers, texts, lists and the like."
            ) from None
    recorded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(parameters), enc_hook=_as_text))
    return recorded


def _as_text(value: Any) -> str:
    """A path, or a secret by its name; both are read again where the parameter's type asks for them."""
    if isinstance(value, PurePath | Secret):
        return str(value)
    raise NotImplementedError(f"Encoding objects of type {type(value).__name__} is unsupported")


def _open_run(
    request: RunRequest, store: Store, graph: Graph, tables: Mapping[str, TableInput], before: Run | None
) -> Run:
    if before is not None:
        return store.catalog.runs.reopen(
            before.id, actor=store.actor, code=request.code or keep_code(request.function, store, graph.files())
        )
    environment = current_environment()
    run = Run(
        id=store.ids(),
        pipeline=request.pipeline,
        status="running",
        parameters=record_parameters(request.parameters),
        inputs=tuple(tables.values()),
        code=request.code or keep_code(request.function, store, graph.files()),
        environment=environment.digest,
        actor=store.actor,
        started_at=store.clock(),
        key=request.key,
        trigger=request.trigger,
        tags={**request.tags, **result_tag(graph), **({PARTITIONS: request.partitions} if request.partitions else {})},
        sources=request.sources,
    )
    started = store.catalog.runs.start(run, environment)
    failpoint("run:started")
    return started


def result_tag(graph: Graph) -> dict[str, str]:
    """Which node's value the pipeline returns, when that is not simply its last one."""
    result = graph.result
    if isinstance(result, Output):
        return {"result": f"{result.node.name}:{result.index}"}
    if isinstance(result, Node) and (result is not graph.nodes[-1] or any(node.guards for node in graph.nodes)):
        return {"result": result.name}
    return {}


def _refuse_blocked(
    request: RunRequest, store: Store, run: Run, tables: Sequence[str], by_partition: Set[str]
) -> list[Alert]:
    """Raises BlockedByAlert unless the alerts are accepted, or only stop some partitions: these are returned."""
    alerts = store.catalog.alerts.list_blocking(tables) if tables else []
    if not alerts:
        return []
    if request.accept_alerts:
        store.catalog.runs.accept_alerts(run.id, [alert.id for alert in alerts], actor=store.actor)
        return []
    partly = [alert for alert in alerts if alert.table in by_partition and is_partition(alert.partition)]
    alerts = [alert for alert in alerts if alert not in partly]
    if not alerts:
        return partly
    story = describe_alerts(alerts)
    store.catalog.runs.finish(run.id, status="refused", at=store.clock(), error=story)
    raise BlockedByAlert(
        f"Pipeline {run.pipeline!r} was not run (recorded as {run.id}): {story}. Repair and recommit the partition, or "
        "judge the alert (`trivium alerts dismiss ID`); to run on these rows all the same, accept_alerts=True."
    )
