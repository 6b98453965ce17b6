"""`tv.split`: rows on two sides. In a pipeline a task with two outputs, whose result is a stored fact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from trivium.errors import Misuse
from trivium.frames import to_frame
from trivium.ids import checked_name
from trivium.pipelines.context import current_task
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.graph import Graph
from trivium.pipelines.stored_split import SplitRequest, keep_split
from trivium.pipelines.task import task
from trivium.tables.split import Sides, divide_rows, make_rule


def split(
    rows: Any,
    *,
    latest: str | None = None,
    after: str | datetime | None = None,
    share: float | None = None,
    by: str | Sequence[str] = (),
    key: str | Sequence[str] = (),
    time: str | None = None,
    seed: int = 0,
    name: str | None = None,
    fresh: str | None = None,
    refresh: bool = False,
) -> Sides:
    """(past, exam): the rows to learn from, and those to be judged on.

    latest: the exam is what lies within this length ("30d") of the newest moment in column `time`, which may be left
    out when the rows have one column of times. after: the exam is what lies after this moment. share: the exam is this
    share of the values of `by` (all rows of a customer on one side) or of `key`, chosen by their digest and `seed`: a
    row never changes side when others come. by, key: also what must not be on both sides of a split by time.

    In a pipeline the split is on record, and `trivium splits list` shows it with every model's scores on it. Without a
    name it moves with the data. With one it is made once: every run that names it gets the same rows, until `refresh`
    makes the next version. fresh: how old it may become ("90d") before that is an alert. Outside of a pipeline it is
    an ordinary function, and keeps nothing.

    Raises Misuse for words that mean no split and for an empty side, SchemaMismatch for an absent or null column,
    Leakage when a key or a group is on both sides.
    """
    rule = make_rule(latest=latest, after=after, share=share, by=by, key=key, time=time, seed=seed)
    if refresh and name is None:
        raise Misuse("A split without a name moves with its data, so there is nothing to refresh; give it a name=.")
    graph, context = current_graph(), current_task()
    if graph is not None:
        called = checked_name(name, "split") if name is not None else _own_name(graph)
        request = SplitRequest(called, rule, fresh, refresh, follows=name is None)
        return (_moving if request.follows else _pinned)(rows, request)
    if name is None or context is None:
        return divide_rows(rows, rule)
    request = SplitRequest(checked_name(name, "split"), rule, fresh, refresh)
    return keep_split(context.store, context.run, context.node, to_frame(rows), request)


@task(name="split")
def _moving(rows: pl.DataFrame, request: SplitRequest) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same rows by the same rule are the same version, so this is cached as any task."""
    return _keep(rows, request)


@task(name="split", cache=False)
def _pinned(rows: pl.DataFrame, request: SplitRequest) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What it returns depends on what is stored under the name, so it is asked every time."""
    return _keep(rows, request)


def _keep(rows: pl.DataFrame, request: SplitRequest) -> Sides:
    context = current_task()
    if context is None:
        return divide_rows(rows, request.rule)
    return keep_split(context.store, context.run, context.node, rows, request)


def _own_name(graph: Graph) -> str:
    """The name of a split that has none: its pipeline and its place in it."""
    calls = sum(node.task.name == "split" for node in graph.nodes)
    return f"{graph.pipeline[:80]}-split" + (f"-{calls + 1}" if calls else "")
