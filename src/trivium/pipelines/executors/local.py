"""Tasks in processes of their own on this machine, as many at a time as its cores and memory allow."""

from __future__ import annotations

import atexit
import os
import select
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType

from trivium.errors import UnsupportedValue
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.executors.executor import Ended
from trivium.pipelines.executors.process_tree import resident_bytes
from trivium.pipelines.executors.task_log import TaskLog
from trivium.pipelines.executors.transport import Job, OtherCode, Setup, pack_job, unpack
from trivium.pipelines.executors.worker_process import WorkerProcess
from trivium.pipelines.live_log import logs_of
from trivium.pipelines.main_module import main_of_program, types_of_main
from trivium.pipelines.resources import cores_of_machine, memory_of_machine, parse_memory
from trivium.pipelines.task import TaskOptions
from trivium.store.store import Store

LOOK = 0.2
GRACE = 1.0


@dataclass
class Going:
    """An attempt in a worker. until: when it has to have ended, by the monotonic clock."""

    attempt: Attempt
    worker: WorkerProcess
    log: TaskLog
    until: float | None
    memory: int
    by_value: bool = False


_idle: list[WorkerProcess] = []


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


def first_party_modules(files: Sequence[str]) -> list[ModuleType]:
    """The loaded modules that are made of these files."""
    return [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) in files]


class LocalExecutor:
    """Each attempt has a process to itself. A crash, a time-out or too much memory is the end of that process and of
    all that it started, and the task's failure. Processes that are done wait for the next task, also of another run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._setup = Setup(store.settings, tuple(sys.path), os.getcwd(), main_of_program(), dict(os.environ))  # noqa: PTH109
        self._cores, self._memory = cores_of_machine(), memory_of_machine()
        self._going: dict[int, Going] = {}
        self._ended: list[Ended] = []
        self._looked = time.monotonic()
        if not any(worker.setup == self._setup for worker in _idle):
            _idle.append(WorkerProcess(self._setup))  # it gets ready while the first task is being decided

    def has_room(self, options: TaskOptions) -> bool:
        if not self._going:
            return True
        cores = sum(each.attempt.task.options.cpus for each in self._going.values())
        memory = sum(each.memory for each in self._going.values())
        return cores + options.cpus <= self._cores and memory + parse_memory(options.memory) <= self._memory

    def begin(self, attempt: Attempt) -> None:
        """The attempt is going on in a worker."""
        options = attempt.task.options
        log = TaskLog(logs_of(self._store, attempt.run), attempt.node)
        until = None if options.timeout is None else time.monotonic() + options.timeout + GRACE
        self._send(Going(attempt, self._take_worker(), log, until, parse_memory(options.memory)))

    def _take_worker(self) -> WorkerProcess:
        for worker in [each for each in _idle if each.setup == self._setup]:
            _idle.remove(worker)
            if worker.alive:
                return worker
            worker.end()
        return WorkerProcess(self._setup)

    def _send(self, going: Going) -> None:
        attempt = going.attempt
        types = types_of_main() if self._setup.main is None else {}
        job = Job(attempt, str(going.log.path), "" if going.by_value else attempt.code, types, tuple(warnings.filters))
        modules = first_party_modules(attempt.files) if going.by_value else ()
        try:
            message = pack_job(job, by_value=modules)
        except UnsupportedValue as error:
            _idle.append(going.worker)
            self._ended.append(Ended(attempt, Outcome(error=str(error), final=True)))
            return
        self._going[going.worker.fileno()] = going
        with suppress(OSError):  # it has ended, which is noticed when its answer is waited for
            going.worker.channel.send(message)

    def wait(self, seconds: float | None) -> list[Ended]:
        """See Executor. Prints of tasks appear here, and limits are looked after meanwhile."""
        over = None if seconds is None else time.monotonic() + seconds
        while self._going and not self._ended:
            pause = LOOK if over is None else min(LOOK, over - time.monotonic())
            readable, _, _ = select.select(list(self._going), (), (), max(pause, 0.0))
            for number in readable:
                self._answer(self._going.pop(number))
            if time.monotonic() >= self._looked + LOOK:
                self._look_after()
            if over is not None and time.monotonic() >= over:
                break
        ended, self._ended = self._ended, []
        return ended

    def _answer(self, going: Going) -> None:
        message = going.worker.channel.receive()
        if message is None:
            self._end(going, f"ProcessDied: {going.worker.why_it_ended()}")
            return
        answer = unpack(message)
        if isinstance(answer, OtherCode):
            going.by_value = True
            self._send(going)
            return
        _idle.append(going.worker)
        self._finish(going, answer)

    def _look_after(self) -> None:
        now = self._looked = time.monotonic()
        for number, going in list(self._going.items()):
            self._echo(going)
            going.log.bound()
            options = going.attempt.task.options
            if going.until is not None and now > going.until:
                why = f"TimeoutError: it took longer than its timeout of {options.timeout:g} s"
            elif going.memory and resident_bytes(going.worker.mark) > going.memory:
                why = f"MemoryError: it needed more than its memory={options.memory!r}"
            else:
                continue
            del self._going[number]
            going.worker.end()
            self._end(going, f"{why}; its process was ended with all that it started")

    def _end(self, going: Going, error: str) -> None:
        self._finish(going, Outcome(error=error))

    def _finish(self, going: Going, outcome: Outcome) -> None:
        self._echo(going)
        outcome = Outcome(outcome.outputs, going.log.tail(), outcome.error, outcome.lost, outcome.final)
        self._ended.append(Ended(going.attempt, outcome))

    def _echo(self, going: Going) -> None:
        text = going.log.echo()
        if text:
            several = len(self._going) > 1
            sys.stdout.write(
                "".join(f"[{going.attempt.node}] {line}" for line in text.splitlines(True)) if several else text
            )
            sys.stdout.flush()

    def close(self) -> None:
        """What is going on is ended; processes that wait are kept for the next run."""
        for going in self._going.values():
            going.worker.end()
        self._going.clear()
        while len(_idle) > self._cores:
            _idle.pop(0).end()
