"""What the tasks of a run did, as it goes on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from trivium.pipelines.attempt import Outcome
from trivium.pipelines.cache_key import encode_parts
from trivium.pipelines.decision import own_key
from trivium.pipelines.environments.nodes import NodeEnvironments
from trivium.pipelines.graph import Node
from trivium.pipelines.mapping import Refs
from trivium.pipelines.secrets import secret_names
from trivium.pipelines.work import Work
from trivium.store.gathered import gather
from trivium.store.store import Store
from trivium.values.lineage import Read
from trivium.values.runs import MetricPoint, TaskRun, TaskStatus

MOST_WAITING = 1000


class TaskRecords:
    """The records of one run. What is reused could be found again, so it is not worth a transaction each: it waits for
    the next `flush`. `blobs`: texts that are put there go on record with the next records.

    upstream: the names of the nodes that each node takes. own: the environments that nodes have of their own.
    """

    def __init__(self, store: Store, run: str, upstream: Mapping[str, tuple[str, ...]], own: NodeEnvironments) -> None:
        self._store, self._run, self._upstream, self._own = store, run, upstream, own
        self._gathered, self.blobs = gather(store)
        self._waiting: list[TaskRun] = []
        self._metrics: list[MetricPoint] = []
        self._reads: list[Read] = []

    def give(self, work: Work) -> None:
        """The node is given its files now, which lineage finds by what is in them."""
        self._reads += self._files_of(work)
        self._record_reads()

    def reuse(self, work: Work, known: TaskRun) -> None:
        """The node has the result of this finished task, with the metrics that it logged.

        Partitions that are reused are only counted, by the record of their table.
        """
        node = work.node
        if (known.run, known.node) == (self._run, node.name) or node.partition:
            return
        now = self._store.clock()
        self._reads += self._files_of(work)
        self._waiting.append(
            replace(
                known, run=self._run, node=node.name, status="cached", started_at=now, ended_at=now,
                upstream=self._upstream[work.drawn.name], reason=f"unchanged since run {known.run}", log="",
                attempts=(), secrets=(),
            )
        )  # fmt: skip
        logged = known.outputs[0].facts.get("metrics", {}) if known.outputs else {}
        self._metrics += [MetricPoint(self._run, name, value, step, now) for name, (value, step) in logged.items()]
        if len(self._waiting) >= MOST_WAITING:
            self.flush()

    def stand(self, node: Node, status: TaskStatus, why: str, outputs: Refs = ()) -> None:
        """The node is done without a task of its own: by its items, by a branch, or not at all ("skipped")."""
        now, skipped = self._store.clock(), status == "skipped"
        self._waiting.append(
            TaskRun(
                run=self._run, node=node.name, task=node.task.name, key="", status=status, started_at=now, ended_at=now,
                upstream=self._upstream[node.name], reason=why, outputs=outputs,
                secrets=() if skipped else secret_names(node.task.options.secrets, node.arguments),
                environment="" if skipped else self._own.digest(node),
            )
        )  # fmt: skip

    def forget(self, node: str) -> None:
        """What waits to be recorded of this node is not so any more."""
        self._waiting = [task for task in self._waiting if task.node != node]

    def flush(self) -> None:
        """Everything that waited is on record."""
        self._record_reads()
        if self._waiting:
            self._store.catalog.runs.record_tasks(self._waiting, self._gathered.take())
        if self._metrics:
            self._store.catalog.runs.log_metrics(self._metrics)
        self._waiting, self._metrics = [], []

    def note(self, works: Sequence[Work], status: TaskStatus) -> None:
        """These are on record as running, or as ended without a result."""
        if works:
            self._store.catalog.runs.record_tasks([self._without_result(work, status) for work in works])

    def end(self, done: Iterable[tuple[Work, Outcome]]) -> None:
        """These have ended, all in one transaction with what they made and what their keys were made of."""
        records = []
        for work, outcome in done:
            self._gathered.record(outcome.blobs)
            records.append(self._with_result(work, outcome))
        self._store.catalog.runs.record_tasks(records, self._gathered.take())

    def _files_of(self, work: Work) -> list[Read]:
        parts = work.decision.parts
        digests = sorted(set(parts.files.values())) if parts else []
        return [Read(self._run, work.node.name, "blob", digest) for digest in digests]

    def _record_reads(self) -> None:
        if self._reads:
            self._store.catalog.lineage.record_reads(self._reads)
        self._reads = []

    def _with_result(self, work: Work, outcome: Outcome) -> TaskRun:
        status: TaskStatus = "failed" if outcome.error else "executed"
        ended = replace(self._without_result(work, status), outputs=outcome.outputs, error=outcome.error)
        parts = work.decision.parts
        if work.doubt and not outcome.error:
            return replace(ended, key=own_key(self._run, work.node.name), reason=f"cannot be cached: {work.doubt}")
        return ended if outcome.error or not parts else replace(ended, parts=self.blobs.put_text(encode_parts(parts)))

    def _without_result(self, work: Work, status: TaskStatus) -> TaskRun:
        now = self._store.clock()
        return TaskRun(
            run=self._run,
            node=work.node.name,
            task=work.node.task.name,
            key=work.decision.key,
            status=status,
            started_at=work.started or now,
            ended_at=None if status == "running" else now,
            upstream=self._upstream[work.drawn.name],
            reason=work.decision.why,
            log=work.log,
            attempts=tuple(work.failed),
            secrets=secret_names(work.node.task.options.secrets, work.node.arguments),
            environment=self._own.digest(work.node),
        )
