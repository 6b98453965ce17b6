"""Runs a pipeline: pins its inputs, records the run, and makes each finished task a fact before its dependents start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trivium.digest import digest_of
from trivium.errors import BlockedByAlert, Misuse, TaskFailed
from trivium.failpoints import failpoint
from trivium.pipelines.artifacts import forget_damaged
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.cache_key import encode_parts
from trivium.pipelines.code import code_of
from trivium.pipelines.decision import Decider, Decision
from trivium.pipelines.environment import current_environment
from trivium.pipelines.executors.executor import Executor, open_executor
from trivium.pipelines.graph import Graph, Node, Output, build_graph, source
from trivium.pipelines.inputs import describe_alerts, pin_inputs
from trivium.pipelines.progress import Progress, TaskEvent
from trivium.store.store import Store, use_store
from trivium.values.runs import ArtifactRef, MetricPoint, Run, TableInput, TaskRun

FINISHED = ("executed", "cached")


class RunRequest(Struct, frozen=True):
    """What to run. `again` is the run to go on with; `cache=False` executes everything anew."""

    pipeline: str
    function: Callable[..., Any]
    parameters: dict[str, Any]
    key: str | None = None
    trigger: str | None = None
    accept_alerts: bool = False
    versions: dict[str, int] = {}
    tags: dict[str, str] = {}
    cache: bool = True
    again: Run | None = None


def execute(request: RunRequest, store: Store, progress: Progress | None = None) -> Run:
    """The pipeline has run and is on record; see `Pipeline.run`."""
    before = request.again or (store.catalog.runs.find_by_key(request.key) if request.key else None)
    if before is not None:
        _refuse_other(request, before)
        if before.status == "succeeded":
            return before
    with use_store(store):
        graph = build_graph(request.pipeline, request.function, request.parameters)
        pinned = {each.table: each.version for each in before.inputs} if before else request.versions
        tables = pin_inputs(store, graph.tables(), pinned)
        run = _open_run(request, store, graph, tables, before)
        if run.status == "succeeded":
            return run
        _refuse_blocked(request, store, run)
        return _Execution(store, run, graph, tables, progress, cache=request.cache).finish()


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
            msgspec.json.encode(value)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise Misuse(
                f"Parameter {name!r} is a {type(value).__name__}, which cannot be recorded ({error}); "
                "give numbers, texts, lists and the like."
            ) from None
    recorded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(parameters)))
    return recorded


def _open_run(
    request: RunRequest, store: Store, graph: Graph, tables: Mapping[str, TableInput], before: Run | None
) -> Run:
    if before is not None:
        return store.catalog.runs.reopen(before.id, actor=store.actor)
    environment = current_environment()
    run = Run(
        id=store.ids(),
        pipeline=request.pipeline,
        status="running",
        parameters=record_parameters(request.parameters),
        inputs=tuple(tables.values()),
        code=code_of(request.function, store.settings.root),
        environment=environment.digest,
        actor=store.actor,
        started_at=store.clock(),
        key=request.key,
        trigger=request.trigger,
        tags={**request.tags, **result_tag(graph)},
    )
    started = store.catalog.runs.start(run, environment)
    failpoint("run:started")
    return started


def result_tag(graph: Graph) -> dict[str, str]:
    """Which node's value the pipeline returns, when that is not simply its last one."""
    result = graph.result
    if isinstance(result, Output):
        return {"result": f"{result.node.name}:{result.index}"}
    if isinstance(result, Node) and source(result) is not graph.nodes[-1]:
        return {"result": result.name}
    return {}


def _refuse_blocked(request: RunRequest, store: Store, run: Run) -> None:
    alerts = store.catalog.alerts.list_blocking([each.table for each in run.inputs]) if run.inputs else []
    if not alerts:
        return
    if request.accept_alerts:
        store.catalog.runs.tag(run.id, {"accepted_alerts": ",".join(alert.id for alert in alerts)})
        return
    story = describe_alerts(alerts)
    store.catalog.runs.finish(run.id, status="refused", at=store.clock(), error=story)
    raise BlockedByAlert(
        f"Pipeline {run.pipeline!r} was not run (recorded as {run.id}): {story}. Repair and recommit the partition, or "
        "judge the alert (`trivium alerts dismiss ID`); to run on these rows all the same, accept_alerts=True."
    )


class _Execution:
    """One run going on. `artifacts` holds what finished nodes made; hits wait to be recorded together."""

    def __init__(
        self,
        store: Store,
        run: Run,
        graph: Graph,
        tables: Mapping[str, TableInput],
        progress: Progress | None,
        *,
        cache: bool,
    ) -> None:
        self.store, self.run, self.graph, self.tables, self.progress = store, run, graph, tables, progress
        known = {task.node: task for task in store.catalog.runs.list_tasks(run.id) if task.status in FINISHED}
        self.decider = Decider(store, run.id, current_environment(), tables, cache=cache, finished=known)
        self.artifacts: dict[str, tuple[ArtifactRef, ...]] = {}
        self.hits: list[TaskRun] = []
        self.metrics: list[MetricPoint] = []
        self.forced: set[str] = set()

    def finish(self) -> Run:
        """Every node is done and the run has succeeded, or it is recorded as failed and TaskFailed is raised."""
        try:
            with closing(open_executor(self.store.settings.executor)) as executor:
                self._run_nodes(executor)
            self._record_hits()
        except TaskFailed as error:
            self._end("failed", str(error).splitlines()[0])
            raise
        except BaseException as error:
            self._end("failed", f"{type(error).__name__}: {error}".rstrip(": "))
            raise
        failpoint("run:finishing")
        return self._end("succeeded", None)

    def _end(self, status: Any, error: str | None) -> Run:
        return self.store.catalog.runs.finish(self.run.id, status=status, at=self.store.clock(), error=error)

    def _run_nodes(self, executor: Executor) -> None:
        going: dict[Future[Outcome], tuple[Node, Decision, Any]] = {}
        while len(self.artifacts) < len(self.graph.nodes):
            for node in self._ready({node.name for node, _, _ in going.values()}):
                decision = self._decide(node)
                if decision.reuse is not None:
                    self._reuse(node, decision, decision.reuse)
                elif len(going) < executor.slots:
                    started = self._start(node, decision)
                    going[executor.submit(self._attempt(node, decision))] = (node, decision, started)
                    break
            done, _ = wait(going, return_when=FIRST_COMPLETED, timeout=None if going else 0)
            for future in done:
                self._settle(*going.pop(future), future.result())

    def _ready(self, going: set[str]) -> list[Node]:
        return [
            node
            for node in self.graph.nodes
            if node.name not in self.artifacts
            and node.name not in going
            and all(name in self.artifacts for name in self.graph.upstream(node))
        ]

    def _decide(self, node: Node) -> Decision:
        decision = self.decider.decide(node, self.artifacts)
        if node.name in self.forced:
            return replace(decision, reuse=None, why="its stored output is gone or damaged")
        return decision

    def _attempt(self, node: Node, decision: Decision) -> Attempt:
        stable = digest_of("attempt", [self.run.id, node.name, decision.key])[:32]
        return Attempt(self.store, self.run.id, node, self.artifacts, self.tables, stable)

    def _start(self, node: Node, decision: Decision) -> Any:
        self._record_hits()
        self._tell("started", node, decision.why)
        return self.store.clock()

    def _reuse(self, node: Node, decision: Decision, known: TaskRun) -> None:
        self.artifacts[node.name] = known.outputs
        if known.run != self.run.id:
            now = self.store.clock()
            self.hits.append(
                replace(
                    known, run=self.run.id, node=node.name, status="cached", started_at=now, ended_at=now,
                    upstream=self.graph.upstream(node), reason=f"unchanged since run {known.run}", log="",
                )
            )  # fmt: skip
            self._repeat_metrics(known)
        self._tell("cached", node, decision.why)

    def _repeat_metrics(self, known: TaskRun) -> None:
        logged = known.outputs[0].facts.get("metrics", {}) if known.outputs else {}
        now = self.store.clock()
        self.metrics += [MetricPoint(self.run.id, name, value, step, now) for name, (value, step) in logged.items()]

    def _record_hits(self) -> None:
        """Hits could be found again, so they are not worth a transaction each."""
        if self.hits:
            self.store.catalog.runs.record_tasks(self.hits)
        if self.metrics:
            self.store.catalog.runs.log_metrics(self.metrics)
        self.hits, self.metrics = [], []

    def _settle(self, node: Node, decision: Decision, started: Any, outcome: Outcome) -> None:
        if outcome.lost is not None and outcome.lost not in self.forced:
            self._forget(outcome.lost)
            return
        error = outcome.error or (f"the output of {outcome.lost} cannot be read" if outcome.lost else None)
        task = TaskRun(
            run=self.run.id,
            node=node.name,
            task=node.task.name,
            key=decision.key,
            status="failed" if error else "executed",
            started_at=started,
            ended_at=self.store.clock(),
            outputs=outcome.outputs,
            upstream=self.graph.upstream(node),
            reason=decision.why,
            error=error,
            log=outcome.log,
            parts=self.store.blobs.put(encode_parts(decision.parts)) if decision.parts and not error else "",
        )
        failpoint("run:task_recording")
        self.store.catalog.runs.record_task(task)
        failpoint("run:task_done")
        seconds = (self.store.clock() - started).total_seconds()
        self._tell("failed" if error else "executed", node, error or decision.why, seconds)
        if error:
            raise TaskFailed(self._story(node, error, outcome))
        self.artifacts[node.name] = outcome.outputs

    def _forget(self, node: str) -> None:
        for ref in self.artifacts.pop(node):
            forget_damaged(ref, self.store.blobs)
        self.forced.add(node)
        self.hits = [task for task in self.hits if task.node != node]

    def _story(self, node: Node, error: str, outcome: Outcome) -> str:
        tries = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
        kept = len(self.artifacts)
        return (
            f"Task {node.name!r} of run {self.run.id} ({self.run.pipeline}) failed{tries}: {error}\n"
            f"  log:    trivium runs logs {self.run.id} {node.name}\n"
            f"  resume: trivium runs resume {self.run.id}   ({kept} finished task{'' if kept == 1 else 's'} will be reused)"
        )

    def _tell(self, kind: Any, node: Node, why: str, seconds: float = 0.0) -> None:
        if self.progress is not None:
            number = self.graph.nodes.index(node) + 1
            self.progress(TaskEvent(kind, self.run.id, node.name, number, len(self.graph.nodes), why, seconds))
