"""A whole pipeline on a small part of its inputs, where it can do no harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.pipelines.pipeline import Pipeline
from trivium.store.store import Store, current_store
from trivium.tables.commit import commit_rows
from trivium.tables.table import Table
from trivium.testing.samples import sample
from trivium.testing.temporary import temporary_store
from trivium.values.runs import Run


def assert_runs(
    pipeline: Pipeline[Any, Any],
    share: float = 0.01,
    *,
    by: Mapping[str, str | Sequence[str]] | None = None,
    also: Iterable[Table] = (),
    store: Store | None = None,
    into: Store | None = None,
    **parameters: Any,
) -> Run:
    """The pipeline has run to its end on a sample of the newest versions of its inputs; the run.

    The inputs are read from the project's store and nothing else of it is touched: what the pipeline commits, trains
    and registers goes to a temporary store. There the inputs have neither checks nor learned expectations, which are
    about all rows, and no alerts.

    share: of the rows of each table; see `sample`. by: the columns that stay whole, by the table's name. also: tables
    that tasks read without taking them as arguments. store: the project's. into: where to run instead of a temporary
    store, to look at what came out. A parameter of the pipeline that has one of these names keeps its default.

    Raises TaskFailed when a task raises, NotFound when an input has no version yet, Misuse for what cannot be run.
    """
    project = store or current_store()
    tables = pipeline.graph(**parameters).tables() | {table.name: table for table in also}
    strangers = sorted((by or {}).keys() - tables.keys())
    if strangers:
        raise Misuse(f"{strangers[0]!r} is no input of pipeline {pipeline.name!r}; it reads {', '.join(tables)}.")
    with ExitStack() as opened:
        place = into or opened.enter_context(temporary_store(actor=project.actor))
        if place is project:
            raise Misuse("assert_runs reads samples from one store and runs in another; give store= or into= another.")
        for name in tables:
            _copy(name, project, place, share, (by or {}).get(name))
        return pipeline.run(store=place, **parameters)


def _copy(name: str, project: Store, place: Store, share: float, by: str | Sequence[str] | None) -> None:
    """The sample of one table is the newest version of the table of this name in the other store."""
    rows = sample(name, share, by=by, store=project)
    spec = project.catalog.tables.get_spec(name)
    commit_rows(place, replace(spec, checks=(), watch="off"), rows)
