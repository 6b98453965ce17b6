"""Environments that are being built, each in a process of its own, while other tasks go on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.errors import TriviumError
from trivium.ids import new_id
from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.process_tree import MARK, kill_tree
from trivium.store.store import Store
from trivium.values.runs import Environment

PROGRAM = "trivium.pipelines.environments.build"
if TYPE_CHECKING:
    from trivium.pipelines.environments import build
else:
    build = Deferred(PROGRAM)  # most runs have nothing to build


@dataclass
class Build:
    """A process that builds, and the attempts that wait for it. refused: why it could not be started."""

    attempts: list[Attempt] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    mark: str = ""
    refused: str = ""


class Builds:
    """What is being built for one run, by the environments' digests."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, Build] = {}

    @property
    def waiting(self) -> list[Attempt]:
        """The attempts that wait for their environments."""
        return [attempt for each in self._open.values() for attempt in each.attempts]

    def is_open(self, attempt: Attempt) -> bool:
        """Whether the attempt has to wait for its environment."""
        environment = attempt.environment
        if environment is None:
            return False
        return environment.digest in self._open or not build.is_built(environment.digest)

    def add(self, attempt: Attempt) -> None:
        """The attempt waits, and its environment is being built."""
        environment = attempt.environment
        if environment is None:
            return
        if environment.digest not in self._open:
            self._open[environment.digest] = self._begin(environment)
        self._open[environment.digest].attempts.append(attempt)

    def take_ended(self) -> Iterator[tuple[Attempt, str]]:
        """(attempt, "" or why its environment cannot be built) of those that wait no longer."""
        for digest, each in list(self._open.items()):
            if each.process is not None and each.process.poll() is None:
                continue
            del self._open[digest]
            error = each.refused or _error_of(each.process)
            yield from ((attempt, error) for attempt in each.attempts)

    def close(self) -> None:
        """Nothing is being built any more."""
        for each in self._open.values():
            if each.process is not None:
                kill_tree(each.process.pid, each.mark)
                each.process.communicate()
        self._open.clear()

    def _begin(self, environment: Environment) -> Build:
        try:
            arguments = build.build_arguments(environment, self._store)
        except TriviumError as error:
            return Build(refused=f"its lock cannot be read: {error}")
        mark = new_id()
        process = subprocess.Popen(  # noqa: S603 # this Python, and a module of ours
            [sys.executable, "-m", PROGRAM, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            env={**os.environ, MARK: mark},
        )
        return Build(process=process, mark=mark)


def _error_of(process: subprocess.Popen[str] | None) -> str:
    """Why the process did not build; "" when it did."""
    if process is None:
        return ""
    told = process.communicate()[1].strip().splitlines()
    if process.returncode == 0:
        return ""
    return told[-1] if told else f"the process that built its environment ended with status {process.returncode}"
