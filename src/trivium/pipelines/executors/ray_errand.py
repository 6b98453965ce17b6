"""What a Ray worker does for a run: it hands the attempt to a process of its own, and looks after that.

So a crash of the task is told from the loss of the worker, limits hold for all that the task starts, and a task sees
the same as under `local`.
"""

from __future__ import annotations

import os
import select
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import ray
from msgspec import Struct
from msgspec.structs import replace

from trivium.errors import EnvironmentUnavailable
from trivium.pipelines.executors.limits import Limits
from trivium.pipelines.executors.node_environment import setup_on_node
from trivium.pipelines.executors.task_log import TaskLog
from trivium.pipelines.executors.transport import BEGUN, Setup
from trivium.pipelines.executors.worker_process import WorkerProcess
from trivium.pipelines.task import TaskOptions
from trivium.values.runs import Environment

LOOK = 0.2
LONGEST = 1.0  # seconds after which the rest of several errands is handed back
ENDED = "ended with the others"
HOME_OF_RAY = str(Path(ray.__file__).parent)  # it puts a folder of others' packages that is in there on the path
DEVICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR")  # which ones Ray gave to this task
OF_RAY = ("RAY_JOB_ID", "RAY_RAYLET_PID", "RAY_LD_PRELOAD_ON_WORKERS", "SPT_NOENV", "PYTHONBREAKPOINT")
OURS = "TRIVIUM_"


class Errand(Struct, frozen=True):
    """A packed job, and the folder of the run's logs. own: this machine is the one where the run is.

    environment: the task's own, which is built here when it was not. fresh: in a process that has tried nothing yet.
    """

    setup: Setup
    job: bytes
    options: TaskOptions
    log: str
    own: bool
    environment: Environment | None = None
    fresh: bool = False


class Errant(Struct, frozen=True):
    """What became of it: the worker's packed answer, or how its process ended, or why nothing could be tried here.

    log: what was printed, when the run does not see the file. node: the machine's address. seconds: how long it took.
    """

    node: str
    answer: bytes | None = None
    broken: str = ""
    refused: str = ""
    log: str | None = None
    seconds: float = 0.0


class Footing(Struct, frozen=True):
    """What an errand stands on here. log: that of what is printed, when the run does not see it."""

    node: str
    setup: Setup
    log: TaskLog | None


_standing: list[WorkerProcess] = []  # the process that waits here for the next errand; it goes when this one goes


def run_errands(errands: tuple[Errand, ...]) -> list[Errant]:
    """One after another, each as if it were alone; those for which no time was left, at the end, are not tried."""
    begun = time.monotonic()
    done: list[Errant] = []
    for errand in errands:
        if done and time.monotonic() > begun + LONGEST:
            break
        done.append(run_errand(errand))
    return done


def run_errand(errand: Errand) -> Errant:
    """The attempt has ended, however it did. When this is interrupted, it was ended with all that it started."""
    footing = find_footing(errand, never)
    if isinstance(footing, Errant):
        return footing
    worker = WorkerProcess(footing.setup) if errand.fresh else _worker(footing.setup)
    try:
        errant = try_in(worker, errand, footing, never)
    except BaseException:
        worker.end()
        raise
    timeout = errand.options.timeout
    if errant.answer is None or (timeout is not None and errant.seconds >= timeout):
        worker.end()
    else:
        _standing.append(worker)
    return errant


def never() -> bool:
    """What an errand asks that only an interrupt ends."""
    return False


def find_footing(errand: Errand, is_over: Callable[[], bool]) -> Footing | Errant:
    """What the errand needs here, with its environment; or why it cannot be tried. is_over: nobody waits for it."""
    node = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    log = Path(errand.log)
    shared = log.parent.is_dir()
    refused = "" if shared else out_of_reach(errand.setup, node)
    if refused:
        return Errant(node, refused=refused)
    setup = setup_here(errand.setup, own=errand.own)
    if errand.environment is not None:
        try:
            setup = setup_on_node(setup, errand.environment, is_over)
        except EnvironmentUnavailable as error:
            return Errant(node, broken=str(error) if errand.own else f"on machine {node}: {error}")
    if shared:
        return Footing(node, setup, None)
    setup = replace(setup, logs=_own_logs())
    return Footing(node, setup, TaskLog(Path(str(setup.logs)), log.stem))


def try_in(worker: WorkerProcess, errand: Errand, footing: Footing, is_over: Callable[[], bool]) -> Errant:
    """What came of the errand in this process."""
    with suppress(OSError):  # it has ended, which is noticed when its answer is waited for
        worker.channel.send(errand.job)
    sent = time.monotonic()
    answer, broken = _look_after(worker, Limits.of(errand.options, sent), footing.log, is_over)
    log = None if footing.log is None else footing.log.tail()
    return Errant(footing.node, answer, broken, log=log, seconds=time.monotonic() - sent)


def out_of_reach(setup: Setup, node: str) -> str:
    """Why the run's store cannot be reached from here, where the project's folder is not shared; "" when it can."""
    settings = setup.settings
    if not settings.store:
        what = f"the catalog is a file in {settings.state}"
    elif "://" not in settings.storage and not (settings.root / settings.storage).is_dir():
        what = f"tables and results are in the folder {settings.root / settings.storage}"
    else:
        return ""
    return (
        f"StoreOutOfReach: {what}, which machine {node} does not see. Keep the project in a folder that all machines "
        'share, or set store = "postgresql://..." and storage = "s3://..."'
    )


def setup_here(setup: Setup, *, own: bool) -> Setup:
    """What a process on this machine needs. On a machine other than the run's, only variables of Trivium, and those
    folders of code that are here too, come from there."""
    given = {name: value for name, value in os.environ.items() if name in DEVICES}
    if own:
        return replace(setup, environ={**setup.environ, **given})
    environ = {name: value for name, value in os.environ.items() if name not in OF_RAY}
    environ |= {name: value for name, value in setup.environ.items() if name.startswith(OURS)}
    environ["RAY_ADDRESS"] = ray.get_runtime_context().gcs_address
    path = [each for each in setup.path if Path(each).exists()]
    path += [each for each in sys.path if not each.startswith(HOME_OF_RAY)]
    folder = setup.folder if os.path.isdir(setup.folder) else os.getcwd()  # noqa: PTH109, PTH112
    settings = setup.settings
    if not settings.root.is_dir():
        settings = replace(settings, root=Path(tempfile.gettempdir()) / "trivium-of-others" / settings.root.name)
    return Setup(settings, tuple(dict.fromkeys(path)), folder, setup.main, environ)


def _own_logs() -> str:
    folder = Path(tempfile.gettempdir()) / f"trivium-logs-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    return str(folder)


def _worker(setup: Setup) -> WorkerProcess:
    while _standing:
        worker = _standing.pop()
        if worker.setup == setup and worker.alive:
            return worker
        worker.end()
    return WorkerProcess(setup)


def _look_after(
    worker: WorkerProcess, limits: Limits, log: TaskLog | None, is_over: Callable[[], bool]
) -> tuple[bytes | None, str]:
    """The worker's answer, or how its process ended."""
    while True:
        readable, _, _ = select.select([worker], (), (), LOOK)
        if readable:
            answer = worker.channel.receive()
            if answer == BEGUN:
                limits = limits.since(time.monotonic())
                continue
            return answer, "" if answer is not None else f"ProcessDied: {worker.why_it_ended()}"
        exceeded = ENDED if is_over() else limits.exceeded(worker.mark, time.monotonic())
        if exceeded is not None:
            worker.end()
            return None, exceeded
        if log is not None:
            log.bound()
