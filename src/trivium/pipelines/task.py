"""A task: a plain typed function that a pipeline caches, retries and records."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from msgspec import Struct
from msgspec.structs import replace

from trivium.code.module_file import load_file
from trivium.deferred import Deferred
from trivium.durations import parse_duration
from trivium.errors import Misuse
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.environments.spec import checked
from trivium.pipelines.main_module import main_of_program
from trivium.pipelines.resources import parse_memory
from trivium.pipelines.secrets import Secret, checked_secret_name
from trivium.pipelines.signature import (
    annotations_of,
    bind_arguments,
    call_with,
    open_signature,
    reveal_arguments,
)
from trivium.pipelines.spark.options import checked_spark_options
from trivium.values.environments import EnvironmentSpec
from trivium.values.tables import TableSpec

if TYPE_CHECKING:
    from trivium.pipelines.spark import bare
else:
    bare = Deferred("trivium.pipelines.spark.bare")  # it looks for Java, and no run calls a task barely

R = TypeVar("R")
_with_code: ContextVar[bool] = ContextVar("trivium_with_code", default=False)


class TaskOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """How a task is run; none of it changes what the task computes, except `version`, which starts a new cache, and
    which `secrets` it is given: their names, as environment variables and for `current_task().secret(name)`.

    backoff: seconds before the first retry, doubled for each further one. timeout: seconds for one attempt.
    memory: such as "4GB". env: `tv.env(...)`, or the name of an environment of the project's settings; its lock is part
    of the cache key. outputs: how many values the returned tuple has.
    workers: so many processes call the function together, each with cpus and memory for itself; see `tv.worker`.
    commits: the table that the task commits what it returns into, run for each partition of event time, with the rows
    of that partition from every table with event time. lookback: how much event time before the partition is given as
    well ("7d"), for all parameters or by their names; "all" for a table that is given whole.
    spark: settings of Spark by name, of which those of `spark.sql.` are part of the cache key.
    """

    cache: bool = True
    version: str = ""
    retries: int = 0
    backoff: float = 1.0
    timeout: float | None = None
    cpus: float = 1
    memory: str | None = None
    gpus: float = 0
    env: EnvironmentSpec | str | None = None
    tags: tuple[str, ...] = ()
    outputs: int = 0
    secrets: tuple[str, ...] = ()
    workers: int = 1
    commits: TableSpec | None = None
    lookback: str | dict[str, str] = ""
    spark: dict[str, str] = {}


class Task(Generic[R]):
    """A function that can be a step of a pipeline. Called outside of one, it is just the function."""

    def __init__(self, function: Callable[..., R], name: str, options: TaskOptions) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name
        self.options = options
        self._annotations: dict[str, Any] | None = None
        self._signature: inspect.Signature | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        graph = current_graph()
        if graph is None:
            if any(isinstance(each, Secret) for each in (*args, *kwargs.values())):
                result: R = call_with(self.function, reveal_arguments(self, bind_arguments(self, args, kwargs)))
                return result
            plain: R = bare.call_bare(self, args, kwargs)
            return plain
        return graph.add(self, args, kwargs)  # type: ignore[return-value] # the node stands for the value of type R

    def map(self, items: Any, /, **fixed: Any) -> list[R]:
        """The results for each item of a list, in its order; the list may be another task's result.

        The items go to the first parameter that is not in `fixed`; `fixed` is the same for all. In a pipeline each
        item is a task of its own: cached, retried and recorded, and as many at a time as there is room for.
        """
        open_ones = [name for name in open_signature(self).parameters if name not in fixed]
        if not open_ones:
            raise Misuse(f"{self.name}.map(items) has no parameter left for the items: all of them are given.")
        graph = current_graph()
        if graph is None:
            return [bare.call_bare(self, (), {open_ones[0]: item, **fixed}) for item in items]
        if self.options.commits is not None:
            raise Misuse(f"{self.name} commits partitions of {self.options.commits.name!r}, so it cannot be mapped.")
        return graph.add(self, (), {open_ones[0]: items, **fixed}, over=open_ones[0])  # type: ignore[return-value]

    @property
    def annotations(self) -> dict[str, Any]:
        """The types of the parameters and of "return"."""
        if self._annotations is None:
            self._annotations = annotations_of(self.function)
        return self._annotations

    @property
    def signature(self) -> inspect.Signature:
        """The parameters of the function."""
        if self._signature is None:
            self._signature = inspect.signature(self.function)
        return self._signature

    def using(self, **changes: Any) -> Task[R]:
        """The same task run in another way, for one call: `train.using(retries=3)(rows)`."""
        name = changes.pop("name", self.name)
        return Task(self.function, name, replace(self.options, **task_options(**changes)))

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process: by its place in a module, where it is found there; else with its code."""
        if _with_code.get():
            return Task, (self.function, self.name, self.options)
        place = self.function.__module__, self.function.__qualname__
        found = find_by_place(*place)
        if isinstance(found, Task) and found.function is self.function and is_importable(place[0]):
            return task_at, (*place, self.function.__code__.co_filename, self.name, self.options)
        return Task, (self.function, self.name, self.options)

    def __repr__(self) -> str:
        return f"Task({self.name!r})"


@contextmanager
def sent_with_code() -> Iterator[None]:
    """Inside the block tasks are pickled with their code, even where another process would find them."""
    token = _with_code.set(True)
    try:
        yield
    finally:
        _with_code.reset(token)


def task_at(module: str, name: str, file: str, as_name: str, options: TaskOptions) -> Task[Any]:
    """The task at this place, which is imported when it is not loaded yet."""
    if module not in sys.modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            load_file(file, module)
    found = find_by_place(module, name)
    same = isinstance(found, Task) and (found.name, found.options) == (as_name, options)
    return found if same else Task(found.function, as_name, options)


def find_by_place(module: str, name: str) -> Any:
    """What a loaded module has under a dotted name; None when it has nothing there."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def is_importable(module: str) -> bool:
    """Whether another process finds this module: `__main__` only when it can be imported again."""
    return module != "__main__" or main_of_program() is not None


@overload
def task(function: Callable[..., R], /) -> Task[R]: ...
@overload
def task(
    *,
    name: str | None = None,
    cache: bool = True,
    version: str = "",
    retries: int = 0,
    backoff: float = 1.0,
    timeout: float | None = None,
    cpus: float = 1,
    memory: str | None = None,
    gpus: float = 0,
    env: EnvironmentSpec | str | None = None,
    tags: tuple[str, ...] = (),
    outputs: int = 0,
    secrets: tuple[str, ...] = (),
    workers: int = 1,
    commits: Any = None,
    lookback: str | dict[str, str] = "",
    spark: Mapping[str, Any] = ...,
) -> Callable[[Callable[..., R]], Task[R]]: ...
def task(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """The function is a task: `@task`, or `@task(retries=2)`; see TaskOptions. Raises Misuse for an unknown option."""

    chosen = TaskOptions(**task_options(**options))

    def decorate(function: Callable[..., R]) -> Task[R]:
        if isinstance(function, Task) or not callable(function):
            raise Misuse(f"@task decorates a plain function, not {function!r}.")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise Misuse(f"Task {function.__name__!r} is async or yields; a task is a plain function that returns.")
        return Task(function, name or function.__name__, chosen)

    return decorate if function is None else decorate(function)


def task_options(**options: Any) -> dict[str, Any]:
    """The options, when they are known and can be meant. Raises Misuse otherwise."""
    unknown = options.keys() - set(TaskOptions.__struct_fields__)
    if unknown:
        known = ", ".join(("name", *TaskOptions.__struct_fields__))
        raise Misuse(f"A task has no option {sorted(unknown)[0]!r}; it has {known}.")
    for option in ("retries", "backoff", "timeout", "cpus", "gpus", "outputs"):
        if (options.get(option) or 0) < 0:
            raise Misuse(f"{option}={options[option]} cannot be negative.")
    workers = options.get("workers", 1)
    if type(workers) is not int or workers < 1:
        raise Misuse(f"workers={workers!r} is no number of workers: it is a whole number from 1.")
    parse_memory(options.get("memory"))
    _check_environment(options.get("env"))
    if "secrets" in options:
        options["secrets"] = _secrets(options["secrets"])
    if options.get("commits") is not None:
        options["commits"] = _table(options["commits"])
    _check_lookback(options.get("lookback", ""))
    if "spark" in options:
        options["spark"] = checked_spark_options(options["spark"])
    return options


def _table(given: Any) -> TableSpec:
    spec = getattr(given, "spec", given)
    if not isinstance(spec, TableSpec):
        raise Misuse(f'commits= takes a table, as commits=tv.Table("daily", time="day"), not {given!r}.')
    return spec


def _check_lookback(given: Any) -> None:
    for text in given.values() if isinstance(given, Mapping) else [given]:
        if text and text != "all":
            parse_duration(text)


def _check_environment(asked: Any) -> None:
    if isinstance(asked, EnvironmentSpec):
        checked(asked, "env=")
    elif not isinstance(asked, str | None):
        raise Misuse(f'env={asked!r} is no environment; write env=tv.env("torch>=2"), or the name of one.')


def _secrets(names: Any) -> tuple[str, ...]:
    if isinstance(names, str):
        raise Misuse('secrets= takes several names: secrets=("DB_PASSWORD",), with a comma.')
    return tuple(checked_secret_name(name) for name in names)
