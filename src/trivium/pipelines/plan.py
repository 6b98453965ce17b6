"""What a run would do, task by task, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from trivium.pipelines.branch import Join, told
from trivium.pipelines.branching import Branches
from trivium.pipelines.decision import Decider
from trivium.pipelines.environment import current_environment
from trivium.pipelines.graph import Graph, Node, Output, leaves, source
from trivium.pipelines.inputs import pin_inputs
from trivium.store.store import Store
from trivium.values.runs import TableInput


class Step(Struct, frozen=True):
    """One node of a plan. "unknown": it depends on an output that is not made yet: it may turn out the same, or be in a
    branch that is not taken. "skip": it is in one. "join": it stands for what the taken branch gives."""

    node: str
    task: str
    action: Literal["run", "reuse", "skip", "join", "unknown"]
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
    branches = Branches({}, store.blobs)
    steps = tuple(_step(node, graph, decider, branches) for node in graph.nodes)
    return Plan(graph.pipeline, tuple(tables.values()), steps)


def _step(node: Node, graph: Graph, decider: Decider, branches: Branches) -> Step:
    """The step; what it would reuse, or why it is skipped, is noted in `branches`."""
    skipped = branches.why_skipped(node)
    if skipped is not None:
        branches.skipped[node.name] = skipped
        return Step(node.name, node.task.name, "skip", skipped)
    asked = branches.open_guards(node)
    when = f"run {' and '.join(guard.tell() for guard in asked)}; " if asked else ""
    if isinstance(node, Join):
        return Step(node.name, node.task.name, "join", when + _join(node, branches))
    deciding = {source(guard.condition).name for guard in asked}
    open_ones = [name for name in graph.upstream(node) if branches.is_open(name) and name not in deciding]
    if open_ones:
        return Step(node.name, node.task.name, "unknown", f"{when}depends on what {', '.join(open_ones)} will make")
    decision = decider.decide(node, branches.artifacts)
    if decision.reuse is None:
        return Step(node.name, node.task.name, "unknown" if asked else "run", when + decision.why)
    branches.artifacts[node.name] = decision.reuse.outputs
    why = f"unchanged since run {decision.reuse.run}"
    return Step(node.name, node.task.name, "unknown" if asked else "reuse", when + why)


def _join(node: Join, branches: Branches) -> str:
    """What it will stand for; noted when all of that is made already."""
    yes, no = node.sides
    if branches.is_open(source(node.condition).name):
        return f"{told(yes[1])} {yes[0].tell()}, else {told(no[1])}"
    guard, value = branches.taken(node)
    made = [isinstance(leaf, Node | Output) and not branches.is_open(source(leaf).name) for leaf in leaves(value)]
    if all(made):  # constants are not stored before the run
        branches.artifacts[node.name] = branches.join(node)[0]
    return f"{told(value)}, because `{guard.name}` was {guard.wanted}"
