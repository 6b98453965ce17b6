"""What the engine asks of an executor, and finding one by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from trivium.deferred import Deferred
from trivium.errors import MissingExtra, Misuse
from trivium.settings import Settings

if TYPE_CHECKING:
    from importlib import metadata

    from trivium.pipelines.attempt import Attempt, Outcome
    from trivium.pipelines.task import TaskOptions
    from trivium.store.store import Store
else:
    metadata = Deferred("importlib.metadata")  # few look for what packages offer

EXECUTORS = {
    "inline": "trivium.pipelines.executors.inline:InlineExecutor",
    "local": "trivium.pipelines.executors.local:LocalExecutor",
    "ray": "trivium.pipelines.executors.ray:RayExecutor",
}
AHEAD = {"local": "trivium.pipelines.executors.idle_workers:prepare_worker"}  # without loading all of the executor
PACKAGES = {"ray": "trivium[ray]"}
GROUP = "trivium.executors"


class Ended(NamedTuple):
    """An attempt that ended, and what came of it."""

    attempt: Attempt
    outcome: Outcome


class Executor(Protocol):
    """Tries tasks somewhere. The engine decides which are ready, and records what came of them.

    Guarantees: whatever a task does is told by its outcome, never raised. Each attempt that was begun ends once.

    Its class may have a function `prepare(settings)`, called when a run of that project will soon begin a task: what
    takes a while to start is being started when it returns.
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


class ExecutorName(NamedTuple):
    """What the setting `executor` says: a registered name, and where it is; "" where the executor itself knows."""

    kind: str
    address: str


def parse_executor(text: str) -> ExecutorName:
    """The name and address in "ray", "ray:10.0.0.1:6379" (the address is what follows) and "ray://host:10001" (the
    whole text is the address)."""
    kind, colon, rest = text.partition(":")
    return ExecutorName(kind, text if colon and rest.startswith("//") else rest)


def check_executor(text: str) -> None:
    """There is such an executor, and it answers, as far as can be told in a moment.

    Raises Misuse for an unknown name or an address that it does not take, ExecutorAway, MissingExtra.
    """
    kind, address = _find(text)
    if address:
        kind.check(address)


def open_executor(text: str, store: Store) -> Executor:
    """The executor that this setting names: one of ours, or of an installed package (entry point group
    "trivium.executors": a class that is called with the store). One that has a static method `check(address)`, which
    is quick and raises Misuse or ExecutorAway, takes an address as well.

    Raises Misuse for an unknown name, ExecutorAway when nobody answers at its address, MissingExtra.
    """
    kind, address = _find(text)
    made: Executor = kind(store, address) if address else kind(store)
    return made


def prepare_executor(text: str, settings: Settings) -> None:
    """What takes this executor a while to start is being started. Raises Misuse for an unknown name."""
    prepare = _at(AHEAD[text]) if text in AHEAD else getattr(_find(text)[0], "prepare", None)
    if prepare is not None:
        prepare(settings)


def _find(text: str) -> tuple[Any, str]:
    name, address = parse_executor(text)
    place = EXECUTORS.get(name)
    if place is None:
        others = {entry.name: entry.value for entry in metadata.entry_points(group=GROUP)}
        place = others.get(name)
        if place is None:
            known = ", ".join(sorted([*EXECUTORS, *others]))
            raise Misuse(f"There is no executor {text!r}; there are: {known}.")
    try:
        found = _at(place)
    except ModuleNotFoundError as error:
        if error.name == name and name in PACKAGES:
            raise MissingExtra(
                f"Executor {text!r} needs the package {name!r}: pip install '{PACKAGES[name]}'."
            ) from None
        raise
    if address and not hasattr(found, "check"):
        raise Misuse(f"Executor {name!r} has no address; write {name!r} instead of {text!r}.")
    return found, address


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
