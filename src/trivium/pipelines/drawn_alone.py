"""The graph of a pipeline that nobody calls: with its defaults, and placeholders for what has none."""

from __future__ import annotations

from typing import Any

from trivium.errors import Misuse
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.graph import Graph, Node, build_graph
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.signature import EMPTY, Promised, annotations_of
from trivium.pipelines.task import Task, TaskOptions


class Placeholder(Node):
    """Stands for an argument that is not known when a pipeline is published."""

    @property
    def promised(self) -> tuple[Promised, ...]:
        return (Promised(f"argument {self.task.name!r}", self.arguments["kind"]),)


def draw_alone(pipeline: Pipeline[Any, Any]) -> Graph | None:
    """Its graph; None when it needs to know what has no default. Raises Misuse when it does not draw without that."""
    types = annotations_of(pipeline.function)
    needed = [each for each in pipeline.signature.parameters.values() if each.default is EMPTY]

    def draw() -> Any:
        graph = current_graph()
        if graph is None:
            raise Misuse("A published pipeline is drawn here, and no graph is.")
        given = {
            each.name: graph.add(
                Task(_kind, each.name, TaskOptions()), (types.get(each.name, Any),), {}, kind=Placeholder
            )
            for each in needed
        }
        return pipeline.function(**given)

    try:
        return build_graph(pipeline.name, draw, {})
    except Exception as error:  # whatever the user's function raises
        if not needed:
            raise Misuse(f"Pipeline {pipeline.name!r} does not draw with its defaults: {error}") from error
        return None


def _kind(kind: Any) -> Any:
    return kind
