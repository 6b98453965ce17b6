"""Another team's pipeline, called by name and version: as one task, run from its own code in a process of its own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import Misuse
from trivium.ids import checked_name
from trivium.pipelines.artifacts import encode
from trivium.pipelines.attempt import stable_key
from trivium.pipelines.context import TaskContext, current_task
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.engine import REPRODUCES
from trivium.pipelines.given import Given, Pinned
from trivium.pipelines.graph import Node
from trivium.pipelines.inputs import pin_table
from trivium.pipelines.published_job import PublishedJob, Stored, Supply, do_published, supply
from trivium.pipelines.results import load_result
from trivium.pipelines.secrets import Secret
from trivium.pipelines.signature import Promised, check_call, is_table, tuple_parts, type_text
from trivium.pipelines.task import Task, TaskOptions
from trivium.pipelines.type_form import read_type
from trivium.store.store import Store, current_store
from trivium.tables.table import Table
from trivium.values.published import Publication
from trivium.values.runs import Run

Arguments = dict[str, Given | Pinned | Secret | Any]


class Version(Struct, frozen=True):
    """Which published pipeline is run. kept: the digest of the archive of its code."""

    name: str
    version: int
    kept: str
    result: dict[str, Any]


class PublishedPipeline:
    """A published pipeline as its callers use it. In a pipeline a call is one task; outside it just runs."""

    def __init__(self, name: str, version: int) -> None:
        self.name = checked_name(name, "pipeline")
        self.version = version

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the pipeline returns. Raises NotFound when it is not published, Misuse for arguments that cannot be."""
        graph, store = current_graph(), current_store()
        found = store.catalog.published.get_publication(self.name, self.version)
        given = _checked(found, args, kwargs)
        if graph is None:
            return _run_alone(store, found, given)
        outputs = len(tuple_parts(read_type(found.result)))
        task = Task(run_published, self.name, TaskOptions(outputs=outputs, cache=found.tables is not None))
        which = Version(found.name, found.version, found.kept, found.result)
        tables = {name: Table(name) for name in found.tables or ()}
        return graph.add(task, (which, given, tables), {}, kind=PublishedCall)

    def __repr__(self) -> str:
        return f"PublishedPipeline({self.name}@{self.version})"


def published(name: str, *, version: int) -> PublishedPipeline:
    """The pipeline that was published under this name, at this version, to be called like one of this project.

    Its code comes from the store and runs in a process of its own, so modules of the same names are no matter. In a
    pipeline it is one task, cached by its version, what it is given and the tables that it reads; what it did is a run
    of its own.
    """
    return PublishedPipeline(name, version)


class PublishedCall(Node):
    """A call of a published pipeline."""

    @property
    def outputs(self) -> tuple[Any, ...]:
        return tuple_parts(self._result)

    @property
    def promised(self) -> tuple[Promised, ...]:
        return (Promised(f"the result of published pipeline {self.task.name!r}", self._result),)

    def promised_of(self, index: int) -> tuple[Promised, ...]:
        return (Promised(f"the result of published pipeline {self.task.name!r}", self.outputs[index]),)

    @property
    def _result(self) -> Any:
        return read_type(self.arguments["which"].result)


def run_published(which: Version, given: Arguments, tables: dict[str, Given | Pinned | Any]) -> Any:
    """The pipeline has run as a run of its own, for the task that acts here; what it returned is stored."""
    context = current_task()
    if context is None:
        raise Misuse("A published pipeline is run by a task of a run.")
    caller = context.store.catalog.runs.get_run(context.run)
    job = PublishedJob(
        settings=msgspec.to_builtins(context.store.settings, enc_hook=str),
        code="",
        kept=which.kept,
        pipeline=which.name,
        version=which.version,
        supplies={name: _supply(context.store, value) for name, value in given.items()},
        versions={name: each.table.version for name, each in tables.items() if isinstance(each, Pinned)},
        key=_key_of_run(context.idempotency_key),
        part_of=f"{context.run}/{context.node}",
        accept_alerts="accepted_alerts" in caller.tags,
        reproduces=_reproduced(context, caller),
    )
    answer = do_published(context.store, job)
    print(answer.told)
    values = tuple(Stored(ref) for ref in answer.refs)
    return values if len(values) > 1 else values[0]


def _key_of_run(idempotency_key: str) -> str:
    """The key of the run that a task calls: the same for every attempt."""
    return digest_of("published run", [idempotency_key])[:32]


def _reproduced(context: TaskContext, caller: Run) -> str:
    """The run that this call made then, in a reproduction of the caller; the caller then, where it reused the result.
    "" outside of a reproduction."""
    first = caller.tags.get(REPRODUCES, "")
    runs = context.store.catalog.runs
    then = runs.find_task(first, context.node) if first else None
    made = runs.find_by_key(_key_of_run(stable_key(first, context.node, then.key))) if then is not None else None
    return made.id if made is not None else first


def signature_of(found: Publication) -> inspect.Signature:
    """How the published pipeline is called, with the types that are known here."""
    parameters = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if each.default is None else _Shown(each.default),
            annotation=_shown_type(each.kind),
        )
        for each in found.parameters
    ]
    return inspect.Signature(parameters, return_annotation=_shown_type(found.result))


class _Shown(str):
    """A text that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _shown_type(form: Mapping[str, Any]) -> Any:
    kind = read_type(form)
    return inspect.Parameter.empty if kind is Any else _Shown(type_text(kind))


def _checked(found: Publication, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    types = {each.name: read_type(each.kind) for each in found.parameters}
    return check_call(f"published pipeline '{found}'", signature_of(found), types, args, kwargs)


def _supply(store: Store, value: Any) -> Supply:
    if isinstance(value, Given | Pinned):
        return supply(value)
    if isinstance(value, Secret):
        return Supply(secret=str(value))
    return Supply((encode(value, store.blobs, "An argument", by_name=True),))


def _run_alone(store: Store, found: Publication, given: Mapping[str, Any]) -> Any:
    """Outside of a pipeline: a run by itself, of which the result is returned."""
    pinned = {
        name: Pinned(pin_table(store, each.name, None)) if is_table(each) else each for name, each in given.items()
    }
    job = PublishedJob(
        settings=msgspec.to_builtins(store.settings, enc_hook=str),
        code="",
        kept=found.kept,
        pipeline=found.name,
        version=found.version,
        supplies={name: _supply(store, value) for name, value in pinned.items()},
        key=store.ids(),
    )
    return load_result(store, do_published(store, job).run)
