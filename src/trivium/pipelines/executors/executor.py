"""What the engine asks of an executor, and finding one by name."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any, NamedTuple, Protocol

from trivium.errors import Misuse
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.task import TaskOptions
from trivium.store.store import Store

EXECUTORS = {
    "inline": "trivium.pipelines.executors.inline:InlineExecutor",
    "local": "trivium.pipelines.executors.local:LocalExecutor",
}
GROUP = "trivium.executors"


class Ended(NamedTuple):
    """An attempt that ended, and what came of it."""

    attempt: Attempt
    outcome: Outcome


class Executor(Protocol):
    """Tries tasks somewhere. The engine decides which are ready, and records what came of them.

    Guarantees: whatever a task does is told by its outcome, never raised. Each attempt that was begun ends once.

    Its class may have a function `prepare(store)`, called when a run will soon begin a task: what takes a while to
    start is being started when it returns.
    """

    def has_room(self, options: TaskOptions) -> bool:
        """Whether a task that asks for this much can begin now; with nothing going on, any can."""

    def begin(self, attempt: Attempt) -> None:
        """The attempt is going on."""

    def wait(self, seconds: float | None) -> list[Ended]:
        """Attempts that ended since the last call; waits for the first, at most this long (None: as long as it takes).

        Empty when the time is over, and at once when nothing is going on.
        """

    def close(self) -> None:
        """Nothing is going on any more: what was, has been stopped."""


def open_executor(name: str, store: Store) -> Executor:
    """The executor with this name: one of ours, or of an installed package (entry point group "trivium.executors").

    Raises Misuse for an unknown name.
    """
    made: Executor = _kind_of(name)(store)
    return made


def prepare_executor(name: str, store: Store) -> None:
    """What takes this executor a while to start is being started. Raises Misuse for an unknown name."""
    prepare = getattr(_kind_of(name), "prepare", None)
    if prepare is not None:
        prepare(store)


def _kind_of(name: str) -> Any:
    place = EXECUTORS.get(name)
    if place is None:
        others = {entry.name: entry.value for entry in metadata.entry_points(group=GROUP)}
        place = others.get(name)
        if place is None:
            known = ", ".join(sorted([*EXECUTORS, *others]))
            raise Misuse(f"There is no executor {name!r}; there are: {known}.")
    module, _, kind = place.partition(":")
    return getattr(importlib.import_module(module), kind)
