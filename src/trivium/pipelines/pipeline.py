"""A pipeline: a function that wires tasks by calling them. Called, it just runs; `run` records."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from trivium.deferred import Deferred
from trivium.errors import Misuse
from trivium.ids import checked_name
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.executors.executor import prepare_executor
from trivium.pipelines.parameter_sources import settings_of_environment, settings_of_file, settings_of_flags
from trivium.pipelines.parameters import Parameters, Setting, bind_parameters
from trivium.pipelines.signature import annotations_of, call_with, check_call
from trivium.settings import Settings
from trivium.store.store import Store, current_store, use_store
from trivium.values.events import TriggerSpec
from trivium.values.runs import Run

if TYPE_CHECKING:
    from trivium.pipelines import engine, graph, plan
    from trivium.pipelines.graph import Graph
    from trivium.pipelines.plan import Plan
    from trivium.pipelines.progress import Progress
else:  # a worker imports pipelines beside its tasks, and runs none
    engine, graph, plan = (Deferred(f"trivium.pipelines.{each}") for each in ("engine", "graph", "plan"))

P = ParamSpec("P")
R = TypeVar("R")
RESERVED = frozenset({"key", "trigger", "accept_alerts", "store", "progress", "versions", "partitions", "on"})


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
        self._file: tuple[Setting, ...] = ()
        self._flags: tuple[Setting, ...] = ()
        for parameter in self.signature.parameters.values():
            if parameter.name in RESERVED or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise Misuse(
                    f"Pipeline {name!r} cannot have the parameter {str(parameter)!r}: each parameter has a name of its "
                    f"own, other than {', '.join(sorted(RESERVED))}."
                )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        drawn = current_graph()
        if drawn is None:
            return self.function(*args, **kwargs)
        given = check_call(f"pipeline {self.name!r}", self.signature, annotations_of(self.function), args, kwargs)
        with drawn.inside(self.name):
            return call_with(self.function, given)  # type: ignore[no-any-return] # what the function returns

    def configured(
        self, file: str | Path | None = None, /, *, texts: Mapping[str, str] | None = None
    ) -> Pipeline[P, R]:
        """The same pipeline, with parameters from a TOML or JSON file, and from texts as `--set` gives them.

        A value in a call of `run`, `plan` or `graph` goes before one in `texts` ({"model.depth": "4"}), that before the
        environment (`TRIVIUM_PARAM_LATENESS__MODEL__DEPTH=4`), that before the file, that before the default.
        The file has the parameters at its top, or in a table named as the pipeline. Raises Misuse when it has no such
        form; a wrong name or value is refused by `run`, with where it is written.
        """
        other = Pipeline(self.function, self.name)
        other._file = self._file if file is None else settings_of_file(Path(file), self.name, self.function)
        other._flags = self._flags if texts is None else settings_of_flags(texts)
        return other

    @property
    def is_configured(self) -> bool:
        """Whether a file or texts give it parameters; see `configured`."""
        return bool(self._file or self._flags)

    def run(
        self,
        *,
        key: str | None = None,
        trigger: str | None = None,
        accept_alerts: bool = False,
        store: Store | None = None,
        progress: Progress | None = None,
        versions: Mapping[str, int] | None = None,
        partitions: str | None = None,
        on: str | None = None,
        **parameters: Any,
    ) -> Run:
        """The pipeline has run and is on record; finished tasks whose key is known are reused.

        key: names this run for ever; the same key again returns the finished run, or goes on with an unfinished one.
        trigger: what asked for it. versions: table versions to read instead of the newest ones. partitions: which ones
        tasks with `commits=` make ("2013-09-01..2013-09-30"), instead of all that are missing or stale. on: the
        executor, such as "ray", instead of that of the settings.

        Raises Misuse before anything runs when a parameter cannot be right, ExecutorAway when nobody answers at the
        executor's address, BlockedByAlert when an input has an open
        blocking alert (unless `accept_alerts`), TaskFailed when a task raised.
        """

        def prepare(settings: Settings) -> None:  # where nothing was ever stored, there is something to do for certain
            prepare_executor(on or settings.executor, settings)

        bound = self.resolve(parameters)
        store = store or current_store(before_new=prepare)
        request = engine.RunRequest(
            pipeline=self.name,
            function=self.function,
            parameters=bound.values,
            sources=bound.sources,
            key=key,
            trigger=trigger,
            accept_alerts=accept_alerts,
            versions=dict(versions or {}),
            partitions=partitions,
            on=on,
        )
        return engine.execute(request, store, progress)

    def plan(
        self,
        *,
        store: Store | None = None,
        versions: Mapping[str, int] | None = None,
        partitions: str | None = None,
        **parameters: Any,
    ) -> Plan:
        """What `run` with these parameters would do, task by task, and why. Nothing is run or recorded."""
        store = store or current_store()
        with use_store(store):
            drawn = self.graph(**parameters)
        return plan.make_plan(drawn, store, versions or {}, partitions)

    def graph(self, **parameters: Any) -> Graph:
        """The tasks and what flows between them."""
        return graph.build_graph(self.name, self.function, self.resolve(parameters).values)

    def input_tables(self, **parameters: Any) -> list[str]:
        """Names of the tables that a run with these parameters would read."""
        return list(self.graph(**parameters).tables())

    def resolve(self, parameters: Mapping[str, Any]) -> Parameters:
        """Every parameter's value and source, when a call gives these; see `configured`. Raises Misuse."""
        environment = settings_of_environment(self.name, self.function)
        call = (Setting((name,), value) for name, value in parameters.items())
        return bind_parameters(self.name, self.function, (*self._file, *environment, *self._flags, *call))

    def bind(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a run's recorded parameters, of their annotated types; no file or variable changes them."""
        settings = (Setting((name,), value) for name, value in recorded.items())
        return bind_parameters(self.name, self.function, settings).values

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
