"""Secrets by reference: a name goes everywhere, and becomes a value only where and when a task runs."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trivium.deferred import Deferred
from trivium.errors import Misuse, SecretUnavailable
from trivium.pipelines.context import TaskContext, current_task
from trivium.pipelines.drawing import current_graph
from trivium.settings import Settings, load_settings, read_table

if TYPE_CHECKING:
    from importlib import metadata
else:
    metadata = Deferred("importlib.metadata")  # few look for what packages offer

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WRITTEN = "secret:"
PLAIN = (str, int, float, bool, bytes, type(None))
GROUP = "trivium.secrets"
OTHERS = 0o077


class Secret:
    """The name of a secret. A task whose parameter is annotated `str` gets the value, one with `Secret` this object."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = checked_secret_name(name)

    def reveal(self) -> str:
        """The value. Raises SecretUnavailable when nothing here knows it.

        Raises Misuse inside a run, except in a task that was given this secret: a value that a pipeline's function
        passed on would be recorded.
        """
        task = current_task()
        if current_graph() is not None:
            raise Misuse(f"The secret {self.name!r} is revealed where a task runs; pass it to the task as it is.")
        return find_secret(self.name, load_settings()) if task is None else task.secret(self.name)

    def __repr__(self) -> str:
        return f"secret({self.name!r})"

    def __str__(self) -> str:
        return f"{WRITTEN}{self.name}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.name == self.name

    def __hash__(self) -> int:
        return hash((Secret, self.name))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self.name,)


def secret(name: str) -> Secret:
    """A reference to the secret with this name, for a task's argument or a parameter of a pipeline.

    Its value is looked for where and when the task runs: in the environment variable of that name, in the file that the
    setting `secrets` names, then in what installed packages offer (entry points "trivium.secrets": a function that
    takes a name and returns a text or None). Raises Misuse for what is no name of a variable.
    """
    return Secret(name)


def checked_secret_name(name: object) -> str:
    """The name. Raises Misuse, which does not repeat it: it may be a value that was given by mistake."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Misuse(
            "A secret is given by its name, not by its value: the name of a variable, such as DB_PASSWORD (letters, "
            "digits and _)."
        )
    return name


def as_reference(value: Any) -> Any:
    """A text `secret:NAME` as the Secret with this name; anything else as it is."""
    if isinstance(value, str) and value.startswith(WRITTEN) and NAME.fullmatch(value.removeprefix(WRITTEN)):
        return Secret(value.removeprefix(WRITTEN))
    return value


def find_secret(name: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """The secret's value, which is never empty. Raises SecretUnavailable, saying where it was looked for."""
    value = environ.get(name) or _in_file(name, settings) or _offered(name)
    if not value:
        file = settings.root / settings.secrets if settings.secrets else "no file (setting `secrets`)"
        raise SecretUnavailable(
            f"There is no secret {name!r} here: the variable {name} is not set, nor is it in {file}, nor in what "
            f"installed packages offer ({', '.join(sorted(each.name for each in _offers())) or 'none'})."
        )
    return value


def secret_names(declared: Iterable[str], arguments: Any) -> tuple[str, ...]:
    """Names of the secrets that a task is given: those that it declares, and those in its arguments."""
    return tuple(dict.fromkeys([*declared, *(each.name for each in find_references(arguments))]))


def find_references(value: Any) -> Iterator[Secret]:
    """Every Secret in lists, tuples, dicts, dataclasses and Structs, at any depth; none of the tasks whose results are
    among them."""
    if type(value) in PLAIN:
        return
    if isinstance(value, Secret):
        yield value
    elif getattr(type(value), "is_promise", False):
        return
    elif isinstance(value, Mapping):
        yield from find_references(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from find_references(each)
    elif isinstance(value, msgspec.Struct):
        yield from find_references(msgspec.structs.astuple(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from find_references([getattr(value, field.name, None) for field in dataclasses.fields(value)])


@contextmanager
def given_secrets(context: TaskContext, declared: Iterable[str], arguments: Any) -> Iterator[None]:
    """Inside the block, the task has its secrets: those that it declares are also environment variables.

    Raises SecretUnavailable.
    """
    declared = tuple(declared)
    settings = context.store.settings
    values = {name: find_secret(name, settings) for name in secret_names(declared, arguments)}
    context.give_secrets(values)
    with in_environment({name: values[name] for name in declared}):
        yield


@contextmanager
def in_environment(values: Mapping[str, str]) -> Iterator[None]:
    """Inside the block these are environment variables of the process; afterwards all is as it was."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _in_file(name: str, settings: Settings) -> str | None:
    if not settings.secrets:
        return None
    path = settings.root / Path(settings.secrets).expanduser()
    if not path.is_file():
        raise SecretUnavailable(f"The file of secrets {path} (setting `secrets`) is not there.")
    mode = path.stat().st_mode
    if os.name == "posix" and mode & OTHERS:
        raise SecretUnavailable(
            f"The file of secrets {path} can be read by others (mode {mode & 0o777:04o}): `chmod 600 {path}`."
        )
    value = _secrets_of(path).get(name)
    if value is not None and not isinstance(value, str):
        raise SecretUnavailable(f'{name} in {path} is a {type(value).__name__}, not a text: write {name} = "...".')
    return value


def _secrets_of(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except Misuse:
        raise SecretUnavailable(f'{path} is not valid TOML; each line of it is NAME = "value".') from None


def _offered(name: str) -> str | None:
    for offer in sorted(_offers(), key=lambda each: each.name):
        value: str | None = offer.load()(name)
        if value:
            return value
    return None


def _offers() -> metadata.EntryPoints:
    return metadata.entry_points(group=GROUP)
