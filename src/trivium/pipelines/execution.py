"""A run on its way: nodes are decided, begun where there is room, and recorded before anything that depends on them."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import NoReturn

from msgspec.structs import replace

from trivium.digest import digest_of
from trivium.errors import RunCancelled, TaskFailed, TriviumError
from trivium.failpoints import failpoint
from trivium.pipelines.artifacts import forget_damaged
from trivium.pipelines.attempt import Attempt, InputLost, Outcome, stable_key
from trivium.pipelines.branch import Join
from trivium.pipelines.branching import Branches, NoBool
from trivium.pipelines.checkpoint import forget_checkpoints
from trivium.pipelines.committed import TABLE
from trivium.pipelines.decision import Decider, Decision, doubt
from trivium.pipelines.environment import current_environment
from trivium.pipelines.environments.nodes import NodeEnvironments
from trivium.pipelines.executors.executor import Ended, Executor, open_executor
from trivium.pipelines.given import resolve_arguments
from trivium.pipelines.graph import Graph, Node
from trivium.pipelines.mapping import CannotExpand, Expansion, Refs, expand
from trivium.pipelines.partitioned import Wanted, blocking_alert, expand_partitions
from trivium.pipelines.progress import Kind, Progress, TaskEvent
from trivium.pipelines.schedule import Schedule
from trivium.pipelines.task_records import TaskRecords
from trivium.pipelines.work import Work
from trivium.store.store import Store
from trivium.values.runs import FailedAttempt, Run, RunStatus, TableInput, TaskRun, TaskStatus

FINISHED = ("executed", "cached")
LONGEST_PAUSE = 600.0
LOOK = 0.5
UNDECIDED = Decision("", None, None, "")


class Execution:
    """One run going on. `artifacts` holds what finished nodes made.

    `maps` are being taken apart into items, `held` waits for room, `again` for its pause. A node whose key is going on
    already is one of its `twins`; when that has ended it is `met`, and decided anew.
    """

    def __init__(
        self,
        store: Store,
        run: Run,
        graph: Graph,
        tables: Mapping[str, TableInput],
        progress: Progress | None,
        *,
        cache: bool,
        environments: NodeEnvironments,
        wanted: Wanted = Wanted(),  # noqa: B008 # it is frozen
        executor: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.run, self.graph, self.tables = store, run, graph, tables
        self.progress, self.clock, self.wanted = progress, clock, wanted
        self.executor = executor or store.settings.executor
        known = {task.node: task for task in store.catalog.runs.list_tasks(run.id) if task.status in FINISHED}
        self.decider = Decider(
            store, run.id, current_environment(), tables, cache=cache, finished=known, own=environments
        )
        self.upstream = {node.name: graph.upstream(node) for node in graph.nodes}
        self.numbers = {node.name: number for number, node in enumerate(graph.nodes, 1)}
        self.schedule = Schedule(graph.nodes, self.upstream)
        self.artifacts: dict[str, Refs] = {}
        self.records = TaskRecords(store, run.id, self.upstream, environments)
        self.branches = Branches(self.artifacts, self.records.blobs)
        self.maps: deque[Expansion] = deque()
        self.held: deque[Work] = deque()
        self.twins: dict[str, list[Work]] = {}
        self.met: deque[Work] = deque()
        self.again: list[tuple[float, int, Work]] = []
        self.going: dict[tuple[str, int], Work] = {}
        self.order = itertools.count()
        self.looked = clock()
        self.forced: set[str] = set()

    def finish(self) -> Run:
        """Every node is done and the run has succeeded, or it is recorded as failed and TaskFailed is raised."""
        try:
            with closing(open_executor(self.executor, self.store)) as executor:
                self._run_nodes(executor)
            self.records.flush()
            self._heed(always=True)
        except BaseException as error:
            self._stop(error)
            raise
        failpoint("run:finishing")
        return self._end("succeeded", None)

    def _end(self, status: RunStatus, error: str | None) -> Run:
        self.records.note([work for work in self.going.values() if work.shown], "cancelled")
        return self.store.catalog.runs.finish(self.run.id, status=status, at=self.store.clock(), error=error)

    def _stop(self, error: BaseException) -> None:
        """The run is on record as ended by this error. Raises what keeps it from being recorded, with how to go on."""
        told = str(error) if isinstance(error, RunCancelled) else tell_error(error)
        try:
            self._end("cancelled" if isinstance(error, RunCancelled) else "failed", told)
        except TriviumError as refused:
            raise type(refused)(
                f"{refused}\nRun {self.run.id} ({self.run.pipeline}) stopped there, and is on record as running; "
                f"`trivium runs resume {self.run.id}` goes on with it."
                + ("" if str(error) == str(refused) else f" {told}")
            ) from error

    def _run_nodes(self, executor: Executor) -> None:
        while self.schedule.open:
            for work in self._works():
                if work.decision.key in self.twins:
                    self.twins[work.decision.key].append(work)
                    continue
                if not executor.has_room(work.node.task.options):
                    self.held.appendleft(work)
                    break
                executor.begin(self._begin(work))
            self._settle(executor.wait(self._patience()))
            self._heed()

    def _works(self) -> Iterator[Work]:
        """What has to run now, as far as anybody asks; nodes that need not run are done on the way."""
        while self.schedule.open:
            if self.again and self.again[0][0] <= self.clock():
                yield heapq.heappop(self.again)[2]
            elif self.held:
                yield self.held.popleft()
            elif self.met:
                met = self.met.popleft()
                yield from self._reuse_or_run(met.node, met.item)
            elif self.schedule.ready:
                yield from self._decide(self.schedule.ready.popleft())
            elif self.maps:
                yield from self._next_item(self.maps[0])
            else:
                return

    def _patience(self) -> float:
        """How long nothing has to be begun, and nobody asked whether the run is cancelled."""
        pause = min(LOOK, max(0.0, self.again[0][0] - self.clock())) if self.again else LOOK
        if self.again and not self.going:
            time.sleep(pause)
        return pause

    def _heed(self, *, always: bool = False) -> None:
        """Tasks that take their time are on record as running. Raises RunCancelled when somebody has asked for it.

        Looks twice a second at most.
        """
        if not always and self.clock() < self.looked + LOOK:
            return
        self.looked = self.clock()
        late = [work for work in self.going.values() if not work.shown and self.looked > work.begun + LOOK]
        self.records.note(late, "running")
        for work in late:
            work.shown = True
        if self.store.catalog.runs.find_status(self.run.id) in ("cancelling", "cancelled"):
            raise RunCancelled(f"Run {self.run.id} was cancelled; `trivium runs resume {self.run.id}` goes on with it.")

    def _decide(self, node: Node) -> Iterator[Work]:
        waiting = [name for name in self.upstream[node.name] if self.branches.is_open(name)]
        if waiting:
            self.schedule.wait(node.name, waiting)
        elif self._is_done_by_branches(node):
            return
        elif node.over is not None or node.task.options.commits is not None:
            self._expand(node)
        else:
            yield from self._reuse_or_run(node, None)

    def _is_done_by_branches(self, node: Node) -> bool:
        """Whether the node is not one to run: it is skipped, or stands for what a branch gave."""
        try:
            why = self.branches.why_skipped(node)
            if why is not None:
                self._skip(node, why)
            elif isinstance(node, Join):
                self._gave(node, *self.branches.join(node), "joined")
            return why is not None or isinstance(node, Join)
        except InputLost as lost:
            self._forget(lost.node, Work(node, UNDECIDED))
            return True
        except NoBool as error:
            self._give_up(Work(node, UNDECIDED), str(error))
            return True

    def _skip(self, node: Node, why: str) -> None:
        self.branches.skipped[node.name] = why
        self.records.stand(node, "skipped", why)
        self._tell("skipped", Work(node, UNDECIDED), why)
        self.schedule.made(node.name)

    def _reuse_or_run(self, node: Node, item: tuple[Expansion, int] | None) -> Iterator[Work]:
        decision = self.decider.decide(node, self.artifacts)
        if node.name in self.forced:
            decision = replace(decision, reuse=None, why="its stored output is gone or damaged")
        if node.partition and self.wanted.instead_of:  # what is not committed is nothing to find again
            decision = replace(decision, key=digest_of("reproduced", [self.run.id, decision.key]))
        work = Work(node, decision, item)
        if decision.reuse is not None:
            self._reuse(work, decision.reuse)
        elif (alert := blocking_alert(node, self.wanted.blocking)) is not None:
            self._give_up(work, f"alert {alert.id} blocks it: {alert.message} ({alert.table}, {alert.partition})")
        else:
            yield work

    def _expand(self, node: Node) -> None:
        try:
            expansion = self._expansion_of(node)
        except InputLost as lost:
            self._forget(lost.node, Work(node, UNDECIDED))
            return
        except CannotExpand as error:
            self._give_up(Work(node, UNDECIDED), str(error))
            return
        if len(expansion):
            self.maps.append(expansion)
        else:
            self._gather(expansion)

    def _expansion_of(self, node: Node) -> Expansion:
        if node.over is not None:
            return expand(node, self.artifacts, self.records.blobs)
        return expand_partitions(node, self.artifacts, self.tables, self.store, self.wanted)

    def _give_up(self, work: Work, error: str) -> None:
        """The work failed before it began."""
        self.records.flush()
        self.records.end([(work, Outcome(error=error))])
        self._failed(work, error)

    def _failed(self, work: Work, error: str) -> None:
        """The end of the run; of one partition only once all others are made."""
        if work.item is None or not work.item[0].keeps_going:
            self._fail(work, error)
        expansion, place = work.item
        expansion.fail(place, error)
        self._tell("failed", work, error, self._seconds(work))
        if expansion.open == 0:
            self._gather(expansion)

    def _next_item(self, expansion: Expansion) -> Iterator[Work]:
        found = next(expansion.nodes(), None)
        if found is None:
            self.maps.popleft()  # all are begun; the last to end gathers them
        else:
            place, node = found
            yield from self._reuse_or_run(node, (expansion, place))

    def _begin(self, work: Work) -> Attempt:
        self.records.flush()
        if not work.failed:
            for ref in work.decision.damaged:
                forget_damaged(ref, self.store.blobs)
            self._tell("started", work, work.decision.why)
            work.started = self.store.clock()
            self.records.give(work)
        self.twins[work.decision.key] = []
        node, number = work.node, len(work.failed) + 1
        self.going[node.name, number] = work
        work.begun = self.clock()
        arguments = resolve_arguments(node, self.artifacts, self.tables)
        code, files = self.decider.code_of(node)
        partition = "" if self.wanted.instead_of else node.partition
        return Attempt(
            self.run.id, node.name, node.task, arguments, self._stable_key(work), number, code, files,
            partition=partition, environment=self.decider.own.find(node),
        )  # fmt: skip

    def _stable_key(self, work: Work) -> str:
        """The same for every attempt at this work, also after a resumption."""
        return stable_key(self.run.id, work.node.name, work.decision.key)

    def _reuse(self, work: Work, known: TaskRun) -> None:
        self.records.reuse(work, known)
        self._made(work, known.outputs, executed=False)

    def _settle(self, ended: list[Ended]) -> None:
        """What ended is on record, all in one transaction, before anything that depends on it begins."""
        done = [found for each in ended if (found := self._take(each)) is not None]
        if not done:
            return
        for work, _ in done:
            work.doubt = doubt(work.decision.parts)
        failpoint("run:task_recording")
        self.records.end(done)
        failpoint("run:task_done")
        for work, outcome in done:
            if not outcome.error:
                if outcome.checkpoints:
                    forget_checkpoints(self.store, self.run.id, self._stable_key(work))
                self._made(work, outcome.outputs, executed=True)
        for work, outcome in done:
            if outcome.error:
                self._failed(work, outcome.error)

    def _take(self, ended: Ended) -> tuple[Work, Outcome] | None:
        """The work and its outcome; None when it will be tried again."""
        attempt, outcome = ended
        work = self.going.pop((attempt.node, attempt.number))
        self.met.extend(self.twins.pop(work.decision.key))
        work.log += outcome.log
        if outcome.lost is not None and outcome.lost not in self.forced:
            self._forget(outcome.lost, work)
            return None
        if outcome.lost is not None:
            outcome = replace(outcome, error=f"the output of {outcome.lost} cannot be read", final=True)
        if outcome.error is None or not work.may_try_again(outcome):
            return work, outcome
        pause = min(work.node.task.options.backoff * 2 ** (attempt.number - 1), LONGEST_PAUSE)
        work.log += f"attempt {attempt.number} failed: {outcome.error}; again in {pause:g} s\n"
        self._tell("retrying", work, f"attempt {attempt.number} failed: {outcome.error}; again in {pause:g} s")
        work.failed.append(FailedAttempt(attempt.number, outcome.error, self.store.clock()))
        heapq.heappush(self.again, (self.clock() + pause, next(self.order), work))
        return None

    def _made(self, work: Work, refs: Refs, *, executed: bool) -> None:
        if executed and refs[0].kind == TABLE:
            self.decider.note_committed(refs[0])
        if work.item is not None:
            work.item[0].collect(work.item[1], refs, executed=executed)
        self._tell("executed" if executed else "cached", work, work.decision.why, self._seconds(work))
        if work.item is None:
            self.artifacts[work.node.name] = refs
            self.schedule.made(work.node.name)
        elif work.item[0].open == 0:
            self._gather(work.item[0])

    def _gather(self, expansion: Expansion) -> None:
        """All items are made: what they are together is what the node made."""
        if expansion.stopped:
            return
        node = expansion.node
        if expansion.failed:
            self._give_up(Work(node, UNDECIDED), expansion.tell_failed())
            return
        try:
            refs = expansion.gather(self.store, self.records.blobs)
        except CannotExpand as error:
            self._give_up(Work(node, UNDECIDED), str(error))
            return
        self._tell("mapped", Work(node, UNDECIDED), expansion.tell())
        self._gave(node, refs, expansion.tell(), "mapped")

    def _gave(self, node: Node, refs: Refs, why: str, status: TaskStatus) -> None:
        """What the node stands for is there, without a task of its own."""
        self.records.stand(node, status, why, refs)
        self.artifacts[node.name] = refs
        self.schedule.made(node.name)

    def _forget(self, node: str, reader: Work) -> None:
        """What a node made is gone: it runs again, and then its reader, or the whole map that the reader is part of."""
        waiting = reader.node
        if reader.item is not None:
            reader.item[0].stopped = True
            waiting = reader.item[0].node
            self.maps = deque(each for each in self.maps if not each.stopped)
            self.held = deque(each for each in self.held if each.item is None or not each.item[0].stopped)
        self._lose(node, waiting.name)

    def _lose(self, node: str, reader: str) -> None:
        """The node runs again, and then its reader; for one that joins branches, what it took runs again."""
        for ref in self.artifacts.pop(node, ()):
            forget_damaged(ref, self.store.blobs)
        self.forced.add(node)
        self.records.forget(node)
        behind = self.branches.behind.pop(node, ())
        if not behind:
            self.schedule.lost(node, reader=reader)
            return
        self.schedule.join_lost(node, reader=reader)
        for each in behind:
            if each in self.artifacts:
                self._lose(each, node)
            else:  # it runs again already
                self.schedule.wait(node, [each])

    def _fail(self, work: Work, error: str) -> NoReturn:
        self._tell("failed", work, error, self._seconds(work))
        tries = f" after {len(work.failed) + 1} attempts" if work.failed else ""
        kept = len(self.artifacts)
        raise TaskFailed(
            f"Task {work.node.name!r} of run {self.run.id} ({self.run.pipeline}) failed{tries}: {error}\n"
            f"  log:    trivium runs logs {self.run.id} {work.node.name}\n"
            f"  resume: trivium runs resume {self.run.id}   (reuses {kept} finished task{'' if kept == 1 else 's'})"
        )

    def _seconds(self, work: Work) -> float:
        return (self.store.clock() - work.started).total_seconds() if work.started else 0.0

    def _tell(self, kind: Kind, work: Work, why: str, seconds: float = 0.0) -> None:
        if self.progress is None:
            return
        drawn = work.drawn
        event = TaskEvent(
            kind, self.run.id, work.node.name, self.numbers[drawn.name], len(self.graph.nodes), why, seconds
        )
        if work.item is not None:
            whole, _ = work.item
            event = replace(event, part_of=drawn.name, done=len(whole) - whole.open, items=len(whole))
        self.progress(event)


def tell_error(error: BaseException) -> str:
    """What ended a run, in one line."""
    if isinstance(error, TaskFailed):
        return str(error).splitlines()[0]
    return f"{type(error).__name__}: {error}".rstrip(": ")
