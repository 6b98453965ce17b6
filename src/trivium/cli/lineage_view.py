"""Lineage as the terminal draws it: a tree, with many runs alike on one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text
from rich.tree import Tree

from trivium.cli.listing import printable
from trivium.cli.staleness_view import stale_facts
from trivium.errors import NotFound
from trivium.lineage.impact import Impact
from trivium.store.store import Store
from trivium.values.lineage import Edge, Node, Walk
from trivium.values.staleness import Staleness

ALIKE = 3
MOST_TASKS = 5
UPSTREAM = {
    "read": "read{by}", "wrote": "wrote it{detail}", "returned": "returned it{by}", "registered": "registered it",
    "trained": "trained it{by}", "opened": "opened{by}", "serves": "answers{detail}", "looks up": "looked up",
    "labels": "tells the truth{detail}", "logs": "logs to it", "is": "{detail}",
}  # fmt: skip
DOWNSTREAM = {
    "read": "read it{by}{detail}", "wrote": "written by it{detail}", "returned": "returned by it{by}",
    "registered": "registered by it", "trained": "trained by it{by}", "opened": "opened it{by}",
    "serves": "answers with it{detail}", "looks up": "looks it up", "labels": "learns the truth from it{detail}",
    "logs": "its log", "is": "{detail}",
}  # fmt: skip


def draw_walk(store: Store, walk: Walk, stale: Mapping[Node, Staleness], *, whole: bool) -> Tree:
    """The walk as a tree. whole: also runs of one pipeline that did the same to the same thing, one by one."""
    drawing = Drawing(store, walk, stale, whole)
    tree = Tree(drawing.label(walk.start), guide_style="dim")
    drawing.grow(tree, walk.start)
    return tree


@dataclass
class Drawing:
    """What was drawn so far: a thing met again is named, and its branch not repeated."""

    store: Store
    walk: Walk
    stale: Mapping[Node, Staleness]
    whole: bool
    drawn: set[Node] = field(default_factory=set)

    def grow(self, tree: Tree, node: Node) -> None:
        """The branch has everything that lies behind the node."""
        self.drawn.add(node)
        for edges in self._alike(self._edges_at(node)):
            shown = edges if self.whole or len(edges) <= ALIKE + 1 else edges[:ALIKE]
            for edge in shown:
                self._add(tree, edge)
            if len(edges) > len(shown):
                story = f"and {len(edges) - len(shown)} more runs of {self._pipeline(self._far(edges[0]))}"
                tree.add(Text(printable(f"{story} (`--all` shows them)"), style="dim"))

    def label(self, node: Node, note: str = "") -> Text:
        """A thing and what is known of it, in one line."""
        name = str(node) if node.kind != "table" else f"table:{node}"
        kind, _, rest = name.partition(":")
        label = Text(f"{kind} ", style="dim") + Text(printable(rest), style="bold")
        if kind == "run":
            label += Text(printable(f" of {self._pipeline(node)}"))
        facts = "; ".join(each for each in (note, self._facts(node)) if each)
        label += Text(f"  {printable(facts)}", style="dim") if facts else Text()
        return label + Text("  stale", style="yellow") if node in self.stale else label

    def _add(self, tree: Tree, edge: Edge) -> None:
        far = self._far(edge)
        again = far in self.drawn and bool(self._edges_at(far))
        branch = tree.add(self.label(far, note_of(edge, self.walk.direction) + (" (see above)" if again else "")))
        if far not in self.drawn:
            self.grow(branch, far)

    def _far(self, edge: Edge) -> Node:
        return edge.source if self.walk.direction == "upstream" else edge.target

    def _edges_at(self, node: Node) -> list[Edge]:
        near = "target" if self.walk.direction == "upstream" else "source"
        return [edge for edge in self.walk.edges if getattr(edge, near) == node]

    def _alike(self, edges: Sequence[Edge]) -> Iterator[list[Edge]]:
        """Edges to runs of the same pipeline together; everything else alone."""
        groups: dict[Any, list[Edge]] = {}
        for edge in edges:
            far = self._far(edge)
            groups.setdefault((edge.how, self._pipeline(far)) if far.kind == "run" else edge, []).append(edge)
        yield from groups.values()

    def _pipeline(self, node: Node) -> str:
        try:
            return self.store.catalog.runs.get_run(node.name).pipeline
        except NotFound:
            return "an unknown pipeline"

    def _facts(self, node: Node) -> str:
        if node.kind == "table" and node.version is not None:
            commit = self.store.catalog.tables.find_version(node.name, node.version)
            by = f", by hand ({commit.actor})" if commit is not None and commit.run is None else ""
            return f"{commit.rows:,} rows{by}" if commit is not None else ""
        if node.kind == "model" and node.version is not None:
            return ", ".join(self.store.catalog.models.get_model(node.name, node.version).aliases)
        return ""


def note_of(edge: Edge, direction: str) -> str:
    """What the near thing has to do with the far one, said of the far one."""
    more = f" and {len(edge.by) - MOST_TASKS:,} more" if len(edge.by) > MOST_TASKS else ""
    by = f" in {', '.join(edge.by[:MOST_TASKS])}{more}" if edge.by else ""
    template = (UPSTREAM if direction == "upstream" else DOWNSTREAM)[edge.how]
    detail = edge.detail if edge.how == "is" else f" ({edge.detail})" if edge.detail else ""
    return template.format(by=by, detail=detail)


def walk_facts(walk: Walk, stale: Mapping[Node, Staleness]) -> dict[str, Any]:
    """The walk for programs: every edge, things spelt as `trivium lineage show` takes them, and what is stale."""
    edges = [
        {"source": str(edge.source), "target": str(edge.target), "how": edge.how, "by": list(edge.by),
         "detail": edge.detail}
        for edge in walk.edges
    ]  # fmt: skip
    found = {node: stale[node] for node in (walk.start, *walk.nodes) if node in stale}
    facts = {"start": str(walk.start), "direction": walk.direction, "cut": walk.cut, "edges": edges}
    return {**facts, "stale": stale_facts(found)}


def effect_rows(impact: Impact) -> Iterator[dict[str, Any]]:
    """What is reached, as rows."""
    for effect in (*impact.models, *impact.endpoints, *impact.tables):
        yield {
            "kind": effect.node.kind, "name": effect.node.name, "reached": "surely" if effect.sure else "perhaps",
            "versions": list(effect.versions), "why": effect.why,
        }  # fmt: skip
