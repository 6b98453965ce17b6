"""Tasks on Ray: on the machines of a cluster, or on a Ray of this process's own."""

from __future__ import annotations

import os
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ray
from msgspec.structs import replace
from ray import exceptions

from trivium.errors import ExecutorAway, UnsupportedValue
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.executors.executor import Ended
from trivium.pipelines.executors.local import first_party_modules
from trivium.pipelines.executors.ray_cluster import join_ray, knock
from trivium.pipelines.executors.ray_errand import HOME_OF_RAY, Errand, Errant, run_errand
from trivium.pipelines.executors.task_log import TaskLog
from trivium.pipelines.executors.transport import Job, OtherCode, Setup, Unfound, pack_job, unpack
from trivium.pipelines.live_log import logs_of
from trivium.pipelines.main_module import main_of_program, types_of_main
from trivium.pipelines.resources import parse_memory
from trivium.pipelines.task import TaskOptions
from trivium.store.store import Store

LOOK = 0.2
AHEAD = 8  # attempts for each core of the cluster that are given to Ray at a time
LEAST_AHEAD = 16
TOGETHER = 0.03  # seconds
GRACE = 3.0
LOST = (
    exceptions.WorkerCrashedError,
    exceptions.NodeDiedError,
    exceptions.LocalRayletDiedError,
    exceptions.ObjectLostError,
    exceptions.RaySystemError,
)


@dataclass
class Going:
    """An attempt that Ray has."""

    attempt: Attempt
    log: TaskLog
    by_value: bool


class RayExecutor:
    """Each attempt is a Ray task that asks for the cores, GPUs and memory of the task's options, in a process of its
    own as under `local`. Ray decides where; what went wrong is the engine's to try again, never Ray's."""

    def __init__(self, store: Store, address: str = "") -> None:
        self._store = store
        self._cluster = join_ray(address)
        path = tuple(each for each in sys.path if not each.startswith(HOME_OF_RAY))
        path = path if self._cluster.own else own_folders(path)
        self._setup = Setup(store.settings, path, os.getcwd(), main_of_program(), dict(os.environ))  # noqa: PTH109
        self._errand = ray.remote(max_retries=0)(run_errand)
        self._going: dict[Any, Going] = {}
        self._ended: list[Ended] = []
        self._by_value: set[str] = set()
        self._looked = time.monotonic()

    @staticmethod
    def check(address: str) -> None:
        """Somebody listens at this address; see `open_executor`."""
        knock(address)

    def has_room(self, options: TaskOptions) -> bool:
        if not self._going:
            return True
        return len(self._going) < max(LEAST_AHEAD, AHEAD * self._cluster.sizes.get("CPU", 0.0))

    def begin(self, attempt: Attempt) -> None:
        """Ray has the attempt, and begins it where there is room."""
        if attempt.task.options.workers > 1 or attempt.environment is not None:
            why = "Misuse: a task with workers= or env= runs on one machine so far; run it with --on local"
            self._ended.append(Ended(attempt, Outcome(error=why, final=True)))
            return
        log = TaskLog(logs_of(self._store, attempt.run), attempt.node)
        self._send(Going(attempt, log, attempt.code in self._by_value))

    def _send(self, going: Going) -> None:
        attempt = going.attempt
        types = types_of_main() if self._setup.main is None else {}
        job = Job(attempt, str(going.log.path), "" if going.by_value else attempt.code, types, tuple(warnings.filters))
        modules = first_party_modules(attempt.files) if going.by_value else ()
        try:
            message = pack_job(job, by_value=modules)
            errand = Errand(self._setup, message, attempt.task.options, job.log, self._cluster.own)
            asked = self._resources(attempt)
            self._going[self._errand.options(name=attempt.node, **asked).remote(errand)] = going
        except UnsupportedValue as error:
            self._ended.append(Ended(attempt, Outcome(error=str(error), final=True)))
        except ValueError as error:  # what Ray does not take, such as one GPU and a half
            self._ended.append(Ended(attempt, Outcome(error=f"Misuse: {error}", final=True)))

    def _resources(self, attempt: Attempt) -> dict[str, Any]:
        options = attempt.task.options
        wanted = {"CPU": options.cpus, "GPU": options.gpus, "memory": float(parse_memory(options.memory))}
        if self._cluster.own:  # as under `local`, a task that asks for more than the machine has gets the machine
            wanted = {name: min(much, self._cluster.sizes.get(name, 0.0)) for name, much in wanted.items()}
        elif not self._cluster.could_hold(wanted):
            asked = ", ".join(f"{name} {much:g}" for name, much in wanted.items() if much)
            warnings.warn(
                f"No machine of the cluster has what {attempt.node!r} asks for ({asked}); it waits for one.",
                stacklevel=2,
            )
        memory = {"memory": int(wanted["memory"])} if wanted["memory"] else {}
        return {"num_cpus": wanted["CPU"], "num_gpus": wanted["GPU"], **memory}

    def wait(self, seconds: float | None) -> list[Ended]:
        """See Executor. Prints of tasks appear here where the run sees their files."""
        over = None if seconds is None else time.monotonic() + seconds
        while self._going and not self._ended:
            pause = LOOK if over is None else min(LOOK, over - time.monotonic())
            for ref in self._ready(max(pause, 0.0)):
                self._answer(ref, self._going.pop(ref))
            if time.monotonic() >= self._looked + LOOK:
                self._looked = time.monotonic()
                for going in self._going.values():
                    self._echo(going)
                    going.log.bound()
            if over is not None and time.monotonic() >= over:
                break
        ended, self._ended = self._ended, []
        return ended

    def _ready(self, pause: float) -> list[Any]:
        refs = list(self._going)
        try:
            ready: list[Any] = []
            if len(refs) >= LEAST_AHEAD:  # many at a time are one transaction, and the machines have work meanwhile
                ready, _ = ray.wait(refs, num_returns=len(refs) // 2, timeout=min(TOGETHER, pause))
            if not ready:
                ready, _ = ray.wait(refs, num_returns=1, timeout=pause)
        except (ConnectionError, exceptions.RaySystemError) as error:
            raise ExecutorAway(f"Ray is gone: {str(error).splitlines()[0]}. Resume the run when it is back.") from None
        return ready

    def _answer(self, ref: Any, going: Going) -> None:
        try:
            errant: Errant = ray.get(ref)
        except exceptions.RayError as error:
            self._finish(going, outcome_of_failure(error))
            return
        if errant.log is not None:
            going.log.write(errant.log)
        if errant.refused:
            self._finish(going, Outcome(error=errant.refused, final=True))
        elif errant.answer is None:
            self._finish(going, Outcome(error=errant.broken))
        else:
            self._take(going, unpack(errant.answer))

    def _take(self, going: Going, answer: Any) -> None:
        if isinstance(answer, OtherCode | Unfound) and not going.by_value:
            self._by_value.add(going.attempt.code)
            going.by_value = True
            self._send(going)
        elif isinstance(answer, Unfound):
            self._finish(going, Outcome(error=answer.error, final=True))
        else:
            self._finish(going, answer)

    def _finish(self, going: Going, outcome: Outcome) -> None:
        self._echo(going)
        self._ended.append(Ended(going.attempt, replace(outcome, log=going.log.tail())))

    def _echo(self, going: Going) -> None:
        text = going.log.echo()
        if text:
            several = len(self._going) > 1
            lines = (f"[{going.attempt.node}] {line}" for line in text.splitlines(keepends=True))
            sys.stdout.write("".join(lines) if several else text)
            sys.stdout.flush()

    def close(self) -> None:
        """What Ray still has is ended. Ray itself stays until this process ends, for the next run."""
        refs = list(self._going)
        self._going.clear()
        with suppress(ConnectionError, exceptions.RayError):
            for ref in refs:
                ray.cancel(ref, force=False)  # the task's process is ended with all that it started
            _, left = ray.wait(refs, num_returns=len(refs), timeout=GRACE) if refs else ([], [])
            for ref in left:
                ray.cancel(ref, force=True)


def outcome_of_failure(error: exceptions.RayError) -> Outcome:
    """What Ray's own failure at an attempt means: a lost worker or machine is not the task's fault."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, exceptions.OutOfMemoryError):
        return Outcome(error=f"MemoryError: Ray ended it, because the machine was out of memory ({line})")
    if isinstance(error, LOST) or type(error) is exceptions.RayError:
        return Outcome(error=f"WorkerLost: {line}", worker_lost=True)
    return Outcome(error=f"{type(error).__name__}: {line}", final=True)


def own_folders(path: tuple[str, ...]) -> tuple[str, ...]:
    """The folders of code other than those of this Python and its packages, which other machines have of their own."""
    homes = (sys.prefix, sys.base_prefix)
    return tuple(each for each in path if each and not each.startswith(homes))
