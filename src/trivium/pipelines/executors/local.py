"""Tasks in processes of their own on this machine, as many at a time as its cores and memory allow."""

from __future__ import annotations

import select
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from trivium.errors import UnsupportedValue
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.executors.builds import Builds
from trivium.pipelines.executors.changed_module import changed_modules, tell_changed, whole_modules
from trivium.pipelines.executors.executor import Ended
from trivium.pipelines.executors.gang import Gang
from trivium.pipelines.executors.idle_workers import idle, setup_of
from trivium.pipelines.executors.limits import Limits
from trivium.pipelines.executors.member_log import MemberLog
from trivium.pipelines.executors.own_environment import setup_in, tell_other_code
from trivium.pipelines.executors.packing import pack_attempt
from trivium.pipelines.executors.task_log import TaskLog
from trivium.pipelines.executors.transport import BEGUN, OtherCode, Setup, Unfound, unpack
from trivium.pipelines.executors.worker_process import WorkerProcess
from trivium.pipelines.live_log import logs_of
from trivium.pipelines.ports import LOOPBACK, free_ports
from trivium.pipelines.resources import cores_of_machine, memory_of_machine, parse_memory
from trivium.pipelines.task import TaskOptions
from trivium.store.store import Store
from trivium.values.runs import Environment

LOOK = 0.2


@dataclass(eq=False)
class Going:
    """An attempt in a worker, or the member of a gang. whole: the log of the task, which is `log` itself unless it has
    several workers."""

    attempt: Attempt
    gang: Gang
    worker: WorkerProcess
    log: TaskLog
    whole: TaskLog
    limits: Limits
    by_value: bool = False


class LocalExecutor:
    """Each attempt has a process to itself. A crash, a time-out or too much memory is the end of that process and of
    all that it started, and the task's failure. Processes that are done wait for the next task, also of another run;
    not those of a gang, in which frameworks leave connections and ports open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._setup = setup_of(store.settings)
        self._cores, self._memory = cores_of_machine(), memory_of_machine()
        self._going: dict[int, Going] = {}
        self._done: list[Going] = []  # members whose gang goes on: the others may still be talking to them
        self._ports: dict[Gang, list[int]] = {}
        self._ended: list[Ended] = []
        self._taken: set[WorkerProcess] = set()  # all that do not wait for a task, also when an error came in between
        self._builds = Builds(store)
        self._setups: dict[str, Setup] = {}
        self._looked = time.monotonic()

    def has_room(self, options: TaskOptions) -> bool:
        waiting = [attempt.task.options for attempt in self._builds.waiting]
        if not self._going and not waiting:
            return True
        cores = sum(each.attempt.task.options.cpus for each in self._going.values())
        memory = sum(each.limits.bytes for each in self._going.values())
        cores += sum(each.cpus * each.workers for each in waiting)
        memory += sum(parse_memory(each.memory) * each.workers for each in waiting)
        more, most = options.cpus * options.workers, parse_memory(options.memory) * options.workers
        return cores + more <= self._cores and memory + most <= self._memory

    def begin(self, attempt: Attempt) -> None:
        """The attempt is going on in a worker, or in several, as soon as its environment is built."""
        if self._builds.is_open(attempt):
            self._builds.add(attempt)
        else:
            self._start(attempt)

    def _start(self, attempt: Attempt) -> None:
        gang = self._gather(attempt)
        folder = logs_of(self._store, attempt.run)
        whole = TaskLog(folder, attempt.node)
        limits = Limits.of(attempt.task.options, time.monotonic())
        for member in gang.members:
            log = MemberLog(folder, member.node, member.rank, whole) if member.member else whole
            self._send(Going(member, gang, self._take_worker(member), log, whole, limits))
            if gang.is_over:
                break

    def _gather(self, attempt: Attempt) -> Gang:
        size = attempt.task.options.workers
        if size == 1:
            return Gang(attempt)
        ports = free_ports(size, taken={port for ports in self._ports.values() for port in ports})
        gang = Gang(attempt, self._store.ids(), [f"{LOOPBACK}:{port}" for port in ports])
        self._ports[gang] = ports
        return gang

    def _take_worker(self, attempt: Attempt) -> WorkerProcess:
        setup = self._setup if attempt.environment is None else self._setup_in(attempt.environment)
        for worker in [each for each in idle if each.setup == setup]:
            idle.remove(worker)
            self._taken.add(worker)
            if worker.alive:
                return worker
            worker.end()
        return self._start_worker(setup)

    def _start_worker(self, setup: Setup) -> WorkerProcess:
        worker = WorkerProcess(setup)
        self._taken.add(worker)
        return worker

    def _setup_in(self, environment: Environment) -> Setup:
        if environment.digest not in self._setups:
            self._setups[environment.digest] = setup_in(self._setup, environment)
        return self._setups[environment.digest]

    def _send(self, going: Going) -> None:
        attempt = going.attempt
        try:
            message = pack_attempt(attempt, going.log.path, self._setup, by_value=going.by_value)
        except UnsupportedValue as error:
            self._take(going, Outcome(error=str(error), final=True))
            return
        self._going[going.worker.fileno()] = going
        with suppress(OSError):  # it has ended, which is noticed when its answer is waited for
            going.worker.channel.send(message)

    def wait(self, seconds: float | None) -> list[Ended]:
        """See Executor. Prints of tasks appear here, and limits are looked after meanwhile."""
        over = None if seconds is None else time.monotonic() + seconds
        while (self._going or self._builds.waiting) and not self._ended:
            self._start_built()
            pause = LOOK if over is None else min(LOOK, over - time.monotonic())
            readable, _, _ = select.select(list(self._going), (), (), max(pause, 0.0))
            for number in readable:
                if number in self._going:  # its gang may have been ended meanwhile
                    self._hear(self._going[number])
            if time.monotonic() >= self._looked + LOOK:
                self._look_after()
            if over is not None and time.monotonic() >= over:
                break
        ended, self._ended = self._ended, []
        return ended

    def _start_built(self) -> None:
        for attempt, error in self._builds.take_ended():
            if error:
                self._ended.append(Ended(attempt, Outcome(error=error)))
            else:
                self._start(attempt)

    def _hear(self, going: Going) -> None:
        message = going.worker.channel.receive()
        if message == BEGUN:
            going.limits = going.limits.since(time.monotonic())
            return
        del self._going[going.worker.fileno()]
        if message is None:
            self._take(going, Outcome(error=f"ProcessDied: {going.worker.why_it_ended()}"), died=True)
        else:
            self._answer(going, message)

    def _answer(self, going: Going, message: bytes) -> None:
        answer = unpack(message)
        outcome = answer if isinstance(answer, Outcome) else self._consider(going, answer)
        if outcome is not None:
            going.worker.used = True
            self._take(going, outcome)

    def _consider(self, going: Going, answer: OtherCode | Unfound) -> Outcome | None:
        """Why the process cannot try it; None when it was sent again, with its code or to a new process."""
        attempt, own = going.attempt, going.attempt.environment is not None
        if isinstance(answer, Unfound):
            if own or going.by_value or whole_modules(attempt):
                return Outcome(error=answer.error, final=True)
            self._send_again(going, by_value=True)
            return None
        changed = () if own else changed_modules(attempt, answer)
        by_value = not own and not changed
        if by_value or going.worker.used:
            self._send_again(going, by_value=by_value)
            return None
        told = tell_other_code(attempt, answer) if own else tell_changed(attempt, changed)
        return Outcome(error=told, final=True)

    def _send_again(self, going: Going, *, by_value: bool) -> None:
        """With its code; or to a new worker, for one with other packages must import what it runs."""
        if not by_value:
            going.worker.end()
            going.worker = self._start_worker(going.worker.setup)
        going.by_value = by_value
        self._send(going)

    def _look_after(self) -> None:
        now = self._looked = time.monotonic()
        for number, going in list(self._going.items()):
            if number not in self._going:
                continue  # its gang has been ended meanwhile
            self._echo(going, going.log.echo())
            going.log.bound()
            why = going.limits.exceeded(going.worker.mark, now)
            if why is None:
                continue
            del self._going[number]
            going.worker.end()
            self._take(going, Outcome(error=why), died=True)

    def _take(self, going: Going, outcome: Outcome, *, died: bool = False) -> None:
        """This came of one process; when that was all that had to be known of its gang, the attempt has ended."""
        gang = going.gang
        gang.take(going.attempt, outcome, died=died)
        spent = died or going.limits.is_out_of_time(time.monotonic())
        if not spent and len(gang.members) == 1:
            idle.append(going.worker)
            self._taken.discard(going.worker)
        else:
            self._done.append(going)
        if not gang.is_over:
            return
        self._end_others(gang)
        ended = [each for each in self._done if each.gang is gang] or [going]
        for each in ended:
            self._echo(each, each.log.finish() if isinstance(each.log, MemberLog) else each.log.echo())
        self._done = [each for each in self._done if each.gang is not gang]
        self._ports.pop(gang, None)
        self._ended.append(Ended(gang.attempt, replace(gang.outcome(), log=going.whole.tail())))

    def _end_others(self, gang: Gang) -> None:
        """Nothing of the gang runs any more. Those that were found dead are why the others failed."""
        left = {number: going for number, going in self._going.items() if going.gang is gang}
        readable = select.select(list(left), (), (), 0)[0] if left else []
        for number, going in left.items():
            del self._going[number]
            if number in readable and going.worker.channel.receive() is None:
                gang.take(going.attempt, Outcome(error=f"ProcessDied: {going.worker.why_it_ended()}"), died=True)
            self._done.append(going)
        for going in self._done:
            if going.gang is gang:
                going.worker.end()

    def _echo(self, going: Going, text: str) -> None:
        if text:
            several = len({each.gang for each in (*self._going.values(), going)}) > 1
            sys.stdout.write(
                "".join(f"[{going.attempt.node}] {line}" for line in text.splitlines(True)) if several else text
            )
            sys.stdout.flush()

    def close(self) -> None:
        """What is going on is ended; processes that wait are kept for the next run."""
        for worker in self._taken:
            worker.end()
        self._taken.clear()
        self._going.clear()
        self._done.clear()
        self._builds.close()
        while len(idle) > self._cores:
            idle.pop(0).end()
