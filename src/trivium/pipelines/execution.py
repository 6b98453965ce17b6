"""The loop of one run: which node is ready, whether it has to run, and what came of it, recorded before going on."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from trivium.digest import digest_of
from trivium.errors import TaskFailed
from trivium.failpoints import failpoint
from trivium.pipelines.artifacts import forget_damaged
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.cache_key import encode_parts
from trivium.pipelines.decision import Decider, Decision
from trivium.pipelines.environment import current_environment
from trivium.pipelines.executors.executor import Executor, open_executor
from trivium.pipelines.graph import Graph, Node
from trivium.pipelines.progress import Progress, TaskEvent
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef, MetricPoint, Run, RunStatus, TableInput, TaskRun

FINISHED = ("executed", "cached")
Kind = Literal["started", "executed", "cached", "failed"]


class Execution:
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
        self.upstream = {node.name: graph.upstream(node) for node in graph.nodes}
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

    def _end(self, status: RunStatus, error: str | None) -> Run:
        return self.store.catalog.runs.finish(self.run.id, status=status, at=self.store.clock(), error=error)

    def _run_nodes(self, executor: Executor) -> None:
        going: dict[Future[Outcome], tuple[Node, Decision, datetime]] = {}
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
            and all(name in self.artifacts for name in self.upstream[node.name])
        ]

    def _decide(self, node: Node) -> Decision:
        decision = self.decider.decide(node, self.artifacts)
        if node.name in self.forced:
            return replace(decision, reuse=None, why="its stored output is gone or damaged")
        return decision

    def _attempt(self, node: Node, decision: Decision) -> Attempt:
        stable = digest_of("attempt", [self.run.id, node.name, decision.key])[:32]
        return Attempt(self.store, self.run.id, node, self.artifacts, self.tables, stable)

    def _start(self, node: Node, decision: Decision) -> datetime:
        self._record_hits()
        for ref in decision.damaged:
            forget_damaged(ref.digest, self.store.blobs)
        self._tell("started", node, decision.why)
        return self.store.clock()

    def _reuse(self, node: Node, decision: Decision, known: TaskRun) -> None:
        self.artifacts[node.name] = known.outputs
        if (known.run, known.node) != (self.run.id, node.name):
            now = self.store.clock()
            self.hits.append(
                replace(
                    known, run=self.run.id, node=node.name, status="cached", started_at=now, ended_at=now,
                    upstream=self.upstream[node.name], reason=f"unchanged since run {known.run}", log="",
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

    def _settle(self, node: Node, decision: Decision, started: datetime, outcome: Outcome) -> None:
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
            upstream=self.upstream[node.name],
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
            forget_damaged(ref.digest, self.store.blobs)
        self.forced.add(node)
        self.hits = [task for task in self.hits if task.node != node]

    def _story(self, node: Node, error: str, outcome: Outcome) -> str:
        tries = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
        kept = len(self.artifacts)
        return (
            f"Task {node.name!r} of run {self.run.id} ({self.run.pipeline}) failed{tries}: {error}\n"
            f"  log:    trivium runs logs {self.run.id} {node.name}\n"
            f"  resume: trivium runs resume {self.run.id}   (reuses {kept} finished task{'' if kept == 1 else 's'})"
        )

    def _tell(self, kind: Kind, node: Node, why: str, seconds: float = 0.0) -> None:
        if self.progress is not None:
            number = self.graph.nodes.index(node) + 1
            self.progress(TaskEvent(kind, self.run.id, node.name, number, len(self.graph.nodes), why, seconds))
