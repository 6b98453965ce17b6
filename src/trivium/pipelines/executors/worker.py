"""A process that tries tasks for a run: it is told what to do over a socket, and goes when the run's process goes."""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import socket
import sys
import threading
import warnings
from types import ModuleType

from trivium.digest import digest_of
from trivium.errors import CacheKeyError
from trivium.pipelines.attempt import describe, tail_of, try_once
from trivium.pipelines.executors.channel import Channel
from trivium.pipelines.executors.prints import prints_to
from trivium.pipelines.executors.transport import BEGUN, Answer, Job, OtherCode, Setup, Unfound, unpack
from trivium.pipelines.main_module import LateMain
from trivium.pipelines.reach import Reached, reach, without_absent
from trivium.pipelines.secrets import secret_names
from trivium.pipelines.task import Task
from trivium.store.store import Store, open_store

AS_PYTHON_DOES = warnings.formatwarning
NOWHERE = ("<frozen", "<string>")  # in Python itself, or in the line with which this process was started


def start() -> None:
    """This process, whose first argument is the number of its socket, is a worker until the other end closes.

    What it has loaded by now stays for good, and is not looked through for garbage.
    """
    gc.freeze()
    gc.enable()
    try:
        main(int(sys.argv[1]))
    except KeyboardInterrupt:
        pass
    except BaseException as error:
        sys.stderr.write(tail_of(error))
        raise


def main(descriptor: int) -> None:
    """Jobs are done one after another until the other end closes."""
    warnings.formatwarning = format_warning
    channel = Channel(socket.socket(fileno=descriptor))
    told = channel.receive()
    if told is None:
        return
    worker = Worker(unpack(told), channel)
    threading.Thread(target=watch, args=(channel,), daemon=True).start()
    while (message := channel.receive()) is not None:
        worker.answer(message)
    end_all()


def format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """As Python does; without a place where that is no line of a user's, as when an input is read for a task."""
    if filename.startswith(NOWHERE):
        return f"{category.__name__}: {message}\n"
    return AS_PYTHON_DOES(message, category, filename, lineno, line)


def watch(channel: Channel) -> None:
    """When the other end closes, which may be while a task goes on, this process ends with all that it started."""
    closing = select.poll()
    closing.register(channel.fileno(), 0)  # no event but that, which is always told
    closing.poll()
    end_all()


def end_all() -> None:
    """This process is gone with all that it started."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


class Worker:
    """What lives between the jobs: the store, and the digests of code that was compared."""

    def __init__(self, setup: Setup, channel: Channel) -> None:
        sys.path[:] = [*setup.path, *(sys.path if setup.python else ())]
        os.chdir(setup.folder)
        sys.modules["__main__"] = ModuleType("__main__") if setup.main is None else LateMain(setup.main)
        self._channel, self._logs = channel, setup.logs
        self._store: Store = open_store(setup.settings)
        self._own = bool(setup.python)
        self._codes: dict[object, Reached | None] = {}
        self._pid = os.getpid()

    def answer(self, message: bytes) -> None:
        """The job is done, and the answer sent."""
        answer = self._do(message)
        if os.getpid() != self._pid:
            os._exit(0)  # the task forked, and this is the child
        self._channel.send(pickle.dumps(answer))

    def _do(self, message: bytes) -> Answer:
        try:
            job: Job = unpack(message)
        except Exception as error:  # code that a job names may fail to import in any way
            return Unfound(f"the task cannot be found by another process: {describe(error)}")
        vars(sys.modules["__main__"]).update(job.types)
        task = job.attempt.task
        if job.code:
            found = self._reach(task)
            if found is None or digest_of("code", found.code) != job.code:
                return OtherCode(found.code if found else ())
        log = job.log if self._logs is None else os.path.join(self._logs, os.path.basename(job.log))  # noqa: PTH118, PTH119
        hides = bool(secret_names(task.options.secrets, job.attempt.arguments))
        if task.options.timeout is not None:
            self._channel.send(BEGUN)
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.filters.extend(job.filters)  # type: ignore[attr-defined] # a list, whatever its stub says
            return try_once(job.attempt, self._store, lambda hidden: prints_to(log, hidden if hides else None))

    def _reach(self, task: Task[object]) -> Reached | None:
        if task.function not in self._codes:
            try:
                found = reach(task.function)
                self._codes[task.function] = without_absent(found) if self._own else found
            except CacheKeyError:
                self._codes[task.function] = None
        return self._codes[task.function]
