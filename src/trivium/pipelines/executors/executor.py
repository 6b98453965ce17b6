"""What the engine asks of an executor, and finding one by name."""

from __future__ import annotations

import importlib
from concurrent.futures import Future
from importlib import metadata
from typing import Protocol

from trivium.errors import Misuse
from trivium.pipelines.attempt import Attempt, Outcome

EXECUTORS = {"local": "trivium.pipelines.executors.local:LocalExecutor"}
GROUP = "trivium.executors"


class Executor(Protocol):
    """Runs tasks somewhere. The engine decides which are ready, and records what came of them.

    Guarantees: a future never raises for what the task did, its outcome says so. At most `slots` are under way.
    """

    slots: int

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """The node is executing; the future has its outcome."""

    def close(self) -> None:
        """Nothing is executing any more."""


def open_executor(name: str) -> Executor:
    """The executor with this name: one of ours, or of an installed package (entry point group "trivium.executors").

    Raises Misuse for an unknown name.
    """
    place = EXECUTORS.get(name)
    if place is None:
        others = {entry.name: entry.value for entry in metadata.entry_points(group=GROUP)}
        place = others.get(name)
        if place is None:
            known = ", ".join(sorted([*EXECUTORS, *others]))
            raise Misuse(f"There is no executor {name!r}; there are: {known}.")
    module, _, kind = place.partition(":")
    made: Executor = getattr(importlib.import_module(module), kind)()
    return made
