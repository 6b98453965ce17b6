"""A pipeline: a function that wires tasks by calling them. Called, it just runs; `run` records."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, overload

import msgspec

from trivium.errors import Misuse
from trivium.ids import checked_name
from trivium.pipelines.engine import RunRequest, execute
from trivium.pipelines.graph import Graph, build_graph
from trivium.pipelines.plan import Plan, make_plan
from trivium.pipelines.progress import Progress
from trivium.pipelines.secrets import as_reference
from trivium.pipelines.signature import EMPTY, annotations_of, convert_value
from trivium.store.store import Store, current_store
from trivium.values.events import TriggerSpec
from trivium.values.runs import Run

P = ParamSpec("P")
R = TypeVar("R")
RESERVED = frozenset({"key", "trigger", "accept_alerts", "store", "progress", "versions"})


class Pipeline(Generic[P, R]):
    """Tasks wired by calling them. `pipeline(...)` runs the plain functions; `pipeline.run(...)` caches and records.

    `triggers` are the rules declared beside it, such as `tv.on(flights.committed).run(lateness)`.
    """

    def __init__(self, function: Callable[P, R], name: str) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = checked_name(name, "pipeline")
        self.signature = inspect.signature(function)
        self.triggers: list[TriggerSpec] = []
        for parameter in self.signature.parameters.values():
            if parameter.name in RESERVED or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise Misuse(
                    f"Pipeline {name!r} cannot have the parameter {str(parameter)!r}: each parameter has a name of its "
                    f"own, other than {', '.join(sorted(RESERVED))}."
                )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def run(
        self,
        *,
        key: str | None = None,
        trigger: str | None = None,
        accept_alerts: bool = False,
        store: Store | None = None,
        progress: Progress | None = None,
        versions: Mapping[str, int] | None = None,
        **parameters: Any,
    ) -> Run:
        """The pipeline has run and is on record; finished tasks whose key is known are reused.

        key: names this run for ever; the same key again returns the finished run, or goes on with an unfinished one.
        trigger: what asked for it. versions: table versions to read instead of the newest ones.

        Raises Misuse before anything runs when a parameter cannot be right, BlockedByAlert when an input has an open
        blocking alert (unless `accept_alerts`), TaskFailed when a task raised.
        """
        request = RunRequest(
            pipeline=self.name,
            function=self.function,
            parameters=self.bind(parameters),
            key=key,
            trigger=trigger,
            accept_alerts=accept_alerts,
            versions=dict(versions or {}),
        )
        return execute(request, store or current_store(), progress)

    def plan(self, *, store: Store | None = None, versions: Mapping[str, int] | None = None, **parameters: Any) -> Plan:
        """What `run` with these parameters would do, task by task, and why. Nothing is run or recorded."""
        return make_plan(self.graph(**parameters), store or current_store(), versions or {})

    def graph(self, **parameters: Any) -> Graph:
        """The tasks and what flows between them."""
        return build_graph(self.name, self.function, self.bind(parameters))

    def input_tables(self, **parameters: Any) -> list[str]:
        """Names of the tables that a run with these parameters would read."""
        return list(self.graph(**parameters).tables())

    def bind(self, parameters: Mapping[str, Any], *, strict: bool = True) -> dict[str, Any]:
        """Every parameter's value, defaults included, of its annotated type.

        `strict=False` reads values from text, as a terminal gives them. Raises Misuse naming the parameter.
        """
        known = self.signature.parameters
        for name in parameters:
            if name not in known:
                raise Misuse(f"Pipeline {self.name!r} has no parameter {name!r}; it has {', '.join(known) or 'none'}.")
        types = annotations_of(self.function)
        return {name: self._value(name, parameters, types.get(name, Any), strict=strict) for name in known}

    def _value(self, name: str, parameters: Mapping[str, Any], wanted: Any, *, strict: bool) -> Any:
        default = self.signature.parameters[name].default
        if name not in parameters:
            if default is EMPTY:
                raise Misuse(f"Pipeline {self.name!r} needs its parameter {name!r}: it has no default.")
            return default
        value = as_reference(parameters[name])
        if value is None and default is None:
            return None
        if not strict and isinstance(value, str) and wanted is not str:
            value = _read_text(value)
        return convert_value(value, wanted, f"Parameter {name!r} of pipeline {self.name!r}", strict=strict)

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r})"


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(*, name: str | None = None) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(function: Callable[..., Any] | None = None, /, *, name: str | None = None) -> Any:
    """The function is a pipeline, named after it: `@pipeline`, or `@pipeline(name="nightly")`."""

    def decorate(function: Callable[P, R]) -> Pipeline[P, R]:
        return Pipeline(function, name or function.__name__)

    return decorate if function is None else decorate(function)


def _read_text(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
