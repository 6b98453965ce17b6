"""Lineage of any depth: everything that a thing comes from, and everything that it goes into."""

from __future__ import annotations

from trivium.lineage.neighbours import Neighbours
from trivium.store.catalog import Catalog
from trivium.values.lineage import Direction, Edge, Node, Walk


def upstream(
    catalog: Catalog, start: Node, *, depth: int | None = None, limit: int = 1000, blobs: bool = False
) -> Walk:
    """What the thing comes from, nearest first. depth: how many steps (None: to the end). limit: how many edges.

    blobs: what tasks returned is shown as well.
    """
    return walk(Neighbours(catalog, blobs), start, "upstream", depth=depth, limit=limit)


def downstream(
    catalog: Catalog, start: Node, *, depth: int | None = None, limit: int = 1000, blobs: bool = False
) -> Walk:
    """What the thing goes into, nearest first; see `upstream`.

    The two are each other's inverse, when a table version is taken to stand for the later ones that carry it.
    """
    return walk(Neighbours(catalog, blobs), start, "downstream", depth=depth, limit=limit)


def walk(neighbours: Neighbours, start: Node, direction: Direction, *, depth: int | None, limit: int) -> Walk:
    """Breadth first, every node once."""
    seen, level, edges = {start}, [start], list[Edge]()
    steps = 0
    while level and (depth is None or steps < depth):
        further: list[Node] = []
        for node in level:
            room = limit - len(edges)
            found = neighbours.list_edges(node, direction, limit=room + 1)
            edges += found[:room]
            if len(found) > room:
                return Walk(start, direction, tuple(edges), "limit")
            ends = dict.fromkeys(edge.source if direction == "upstream" else edge.target for edge in found)
            further += [end for end in ends if end not in seen]
            seen |= set(ends)
        level, steps = further, steps + 1
    ended = any(neighbours.list_edges(node, direction, limit=1) for node in level)
    return Walk(start, direction, tuple(edges), "depth" if ended else "")
