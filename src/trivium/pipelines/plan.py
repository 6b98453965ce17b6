"""What a run would do, task by task, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from trivium.pipelines.branch import Join, told
from trivium.pipelines.branching import Branches
from trivium.pipelines.decision import Decider
from trivium.pipelines.engine import refuse_partitions
from trivium.pipelines.environment import current_environment
from trivium.pipelines.environments.nodes import resolve_nodes
from trivium.pipelines.graph import Graph, Node, Output, leaves, source
from trivium.pipelines.inputs import pin_inputs
from trivium.pipelines.mapping import CannotExpand, Refs
from trivium.pipelines.partition import parse_range
from trivium.pipelines.partitioned import Wanted, expand_partitions
from trivium.pipelines.table_ring import refuse_rings
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


def make_plan(graph: Graph, store: Store, versions: Mapping[str, int], partitions: str | None = None) -> Plan:
    """The plan for this graph on the newest (or these) table versions.

    Of a task that commits into a table, the partitions that would run are steps of their own.
    """
    among = None if partitions is None else parse_range(partitions)
    refuse_rings(graph)
    refuse_partitions(graph, among)
    tables = pin_inputs(store, graph.tables(), versions)
    decider = Decider(store, "", current_environment(), tables, own=resolve_nodes(graph.nodes, store))
    branches = Branches({}, store.blobs)
    steps = [step for node in graph.nodes for step in _steps(node, graph, decider, branches, Wanted(among))]
    return Plan(graph.pipeline, tuple(tables.values()), tuple(steps))


def _steps(node: Node, graph: Graph, decider: Decider, branches: Branches, wanted: Wanted) -> Iterator[Step]:
    """The node's step, and those of its partitions; what would be reused or skipped is noted in `branches`."""
    skipped = branches.why_skipped(node)
    if skipped is not None:
        branches.skipped[node.name] = skipped
        yield Step(node.name, node.task.name, "skip", skipped)
        return
    asked = branches.open_guards(node)
    when = f"run {' and '.join(guard.tell() for guard in asked)}; " if asked else ""
    if isinstance(node, Join):
        yield Step(node.name, node.task.name, "join", when + _join(node, branches))
        return
    deciding = {source(guard.condition).name for guard in asked}
    open_ones = [name for name in graph.upstream(node) if branches.is_open(name) and name not in deciding]
    if open_ones:
        yield Step(node.name, node.task.name, "unknown", f"{when}depends on what {', '.join(open_ones)} will make")
        return
    make = _partition_steps if node.task.options.commits is not None else _own_step
    for step in make(node, decider, branches, wanted):
        yield replace(step, action="unknown", why=when + step.why) if asked else step


def _own_step(node: Node, decider: Decider, branches: Branches, _: Wanted) -> Iterator[Step]:
    step, made = _step(node, decider, branches)
    if made:
        branches.artifacts[node.name] = made
    yield step


def _step(node: Node, decider: Decider, branches: Branches) -> tuple[Step, Refs]:
    """The step of a node that is no other nodes, and what it would reuse."""
    decision = decider.decide(node, branches.artifacts)
    if decision.reuse is None:
        return Step(node.name, node.task.name, "run", decision.why), ()
    return Step(node.name, node.task.name, "reuse", f"unchanged since run {decision.reuse.run}"), decision.reuse.outputs


def _partition_steps(node: Node, decider: Decider, branches: Branches, wanted: Wanted) -> Iterator[Step]:
    try:
        parts = expand_partitions(node, branches.artifacts, decider.tables, decider.store, wanted)
    except CannotExpand as error:
        yield Step(node.name, node.task.name, "run", f"would fail: {error}")
        return
    steps = [_step(each, decider, branches)[0] for _, each in parts.nodes()]
    due = [step for step in steps if step.action == "run"]
    waiting = f"; {parts.tell_waiting()}" if parts.waiting else ""
    if not due and decider.store.catalog.tables.newest_version(parts.table):
        branches.artifacts[node.name] = parts.gather(decider.store, decider.store.blobs)
    story = f"{len(due):,} of {len(parts):,} partitions of {parts.table} are missing or stale{waiting}"
    yield Step(node.name, node.task.name, "run" if due else "reuse", story)
    yield from due


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
