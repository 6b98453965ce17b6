"""Worker processes that wait for a task: those that are done with one, and one that was started ahead."""

from __future__ import annotations

import atexit
import os
import sys

from trivium.pipelines.executors.transport import Setup
from trivium.pipelines.executors.worker_process import WorkerProcess
from trivium.pipelines.main_module import main_of_program
from trivium.settings import Settings

idle: list[WorkerProcess] = []


def setup_of(settings: Settings) -> Setup:
    """What a process that starts now would need."""
    return Setup(settings, tuple(sys.path), os.getcwd(), main_of_program(), dict(os.environ))  # noqa: PTH109


def prepare_worker(settings: Settings) -> None:
    """A process gets ready, unless one is."""
    setup = setup_of(settings)
    if not any(worker.setup == setup for worker in idle):
        idle.append(WorkerProcess(setup))


@atexit.register
def end_idle() -> None:
    """None waits any more."""
    while idle:
        idle.pop().end()
