"""The environments that a project declares: in its settings, and at the tasks of its pipeline files."""

from __future__ import annotations

from msgspec import Struct

from trivium.pipelines.environments.resolve import find_lock, wanted_of
from trivium.pipelines.registry import list_declared
from trivium.pipelines.task import Task
from trivium.store.store import Store
from trivium.values.environments import EnvironmentSpec
from trivium.values.runs import Environment


class Declared(Struct, frozen=True):
    """An environment by its name, or by the requirements that a task asks for, and the tasks that ask for it."""

    name: str
    asked: EnvironmentSpec | str
    tasks: tuple[str, ...]


def list_environments(store: Store) -> list[Declared]:
    """Every environment of the project's settings and tasks, each once. Raises Misuse for a file that won't import."""
    tasks: dict[EnvironmentSpec | str, list[str]] = {name: [] for name in sorted(store.settings.env)}
    for each in list_declared(store.settings, Task):
        if each.options.env is not None:
            tasks.setdefault(each.options.env, []).append(each.name)
    return [Declared(name_of(asked), asked, tuple(names)) for asked, names in tasks.items()]


def name_of(asked: EnvironmentSpec | str) -> str:
    """How people tell it from others: its name in the settings, else what it asks for."""
    if isinstance(asked, str):
        return asked
    return ", ".join(asked.requirements) or asked.lock or asked.image or f"Python {asked.python}"


def locked(asked: EnvironmentSpec | str, store: Store) -> Environment | None:
    """The environment as it is locked; None when it was not resolved yet."""
    known = find_lock(wanted_of(asked, store).subject, store)
    return store.catalog.runs.get_environment(known[0]) if known else None
