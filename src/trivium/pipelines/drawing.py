"""The graph that is being drawn here: the one that calls of tasks are added to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trivium.pipelines.graph import Graph

_drawn: ContextVar[Graph | None] = ContextVar("trivium_graph", default=None)


def current_graph() -> Graph | None:
    """The graph that is being drawn here, or None."""
    return _drawn.get()


@contextmanager
def use_graph(graph: Graph) -> Iterator[None]:
    """Inside the block, calls of tasks become nodes of this graph."""
    token = _drawn.set(graph)
    try:
        yield
    finally:
        _drawn.reset(token)
