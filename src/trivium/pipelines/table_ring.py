"""Tables of one pipeline that are made of each other: in such a ring each commit makes the next table stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from trivium.errors import Misuse
from trivium.pipelines.graph import Graph, Node, Output, leaves, source
from trivium.pipelines.signature import is_table


def refuse_rings(graph: Graph) -> None:
    """Raises Misuse for tables that the pipeline's tasks make of each other."""
    ring = find_ring(made_of(graph))
    if ring:
        told = ", and that of ".join(f"{table!r}" for table in ring[1:])
        raise Misuse(
            f"Pipeline {graph.pipeline!r} makes table {ring[0]!r} of {told}: each commit would make the next one "
            "stale, for ever. Make one of them of other inputs, or of an earlier time in a pipeline of its own."
        )


def made_of(graph: Graph) -> dict[str, set[str]]:
    """{table: the tables that it is made of} of all that the pipeline's tasks commit into."""
    found: dict[str, set[str]] = {}
    behind: dict[str, set[str]] = {}
    for node in graph.nodes:
        tables = set().union(*(_tables(leaf, behind) for leaf in leaves(node.arguments)))
        target = node.task.options.commits
        if target is not None:
            found.setdefault(target.name, set()).update(tables)
        behind[node.name] = {target.name} if target is not None else tables
    return found


def find_ring(made: Mapping[str, Set[str]]) -> Sequence[str]:
    """Tables of which each is made of the next, from one back to the same; empty when there is no such ring."""
    done: set[str] = set()
    for start in made:
        path = _ring_from(start, made, done)
        if path:
            return path
    return ()


def _ring_from(start: str, made: Mapping[str, Set[str]], done: set[str]) -> list[str]:
    path, open_steps = [start], [iter(sorted(made.get(start, ())))]
    while path:
        step = next(open_steps[-1], None)
        if step is None:
            done.add(path.pop())
            open_steps.pop()
        elif step in path:
            return [*path[path.index(step) :], step]
        elif step not in done:
            path.append(step)
            open_steps.append(iter(sorted(made.get(step, ()))))
    return []


def _tables(leaf: object, behind: Mapping[str, set[str]]) -> set[str]:
    if isinstance(leaf, Node | Output):
        return behind[source(leaf).name]
    return {str(leaf.name)} if is_table(leaf) else set()  # type: ignore[attr-defined] # as `is_table` has found
