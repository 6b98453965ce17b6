"""What a run would do, task by task, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from trivium.pipelines.decision import Decider
from trivium.pipelines.environment import current_environment
from trivium.pipelines.graph import Graph, Node
from trivium.pipelines.inputs import pin_inputs
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef, TableInput


class Step(Struct, frozen=True):
    """One node of a plan. "unknown": it depends on an output that is not made yet, and may turn out the same."""

    node: str
    task: str
    action: Literal["run", "reuse", "unknown"]
    why: str


class Plan(Struct, frozen=True):
    """The nodes in the order of their calls, and the table versions that they would read."""

    pipeline: str
    inputs: tuple[TableInput, ...]
    steps: tuple[Step, ...]


def make_plan(graph: Graph, store: Store, versions: Mapping[str, int]) -> Plan:
    """The plan for this graph on the newest (or these) table versions."""
    tables = pin_inputs(store, graph.tables(), versions)
    decider = Decider(store, "", current_environment(), tables)
    artifacts: dict[str, tuple[ArtifactRef, ...]] = {}
    steps = tuple(_step(node, graph, decider, artifacts) for node in graph.nodes)
    return Plan(graph.pipeline, tuple(tables.values()), steps)


def _step(node: Node, graph: Graph, decider: Decider, artifacts: dict[str, tuple[ArtifactRef, ...]]) -> Step:
    open_ones = [name for name in graph.upstream(node) if name not in artifacts]
    if open_ones:
        return Step(node.name, node.task.name, "unknown", f"depends on what {', '.join(open_ones)} will make")
    decision = decider.decide(node, artifacts)
    if decision.reuse is None:
        return Step(node.name, node.task.name, "run", decision.why)
    artifacts[node.name] = decision.reuse.outputs
    return Step(node.name, node.task.name, "reuse", f"unchanged since run {decision.reuse.run}")
