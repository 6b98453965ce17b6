"""A task mapped over a list: the list becomes known when the run reaches it, and each item is a node of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from trivium.errors import CorruptObject, NotFound, TriviumError
from trivium.pipelines.artifacts import LIST, decode_items, encode_items, encode_refs
from trivium.pipelines.attempt import InputLost
from trivium.pipelines.given import Given, give
from trivium.pipelines.graph import Node, Output, source
from trivium.pipelines.plain import from_plain
from trivium.store.blobs import Blobs
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef

Refs = tuple[ArtifactRef, ...]
MOST_TOLD = 3


class CannotExpand(TriviumError):
    """What a node is to be taken apart into cannot be told: a task is mapped over what is no list, for example."""


class Expansion:
    """A mapped node on its way: `items` one after another become nodes, and `made` collects what these make.

    stopped: what it takes got lost, so that it will be expanded anew. failed: what went wrong, by the names of items,
    where the others are made all the same.
    """

    unit = "item"
    keeps_going = False

    def __init__(self, node: Node, items: Sequence[Any]) -> None:
        self.node = node
        self.made = [b""] * len(items)
        self.open = len(items)
        self.executed = 0
        self.stopped = False
        self.failed: dict[str, str] = {}
        self._items = items
        self._next = 0

    def __len__(self) -> int:
        return len(self._items)

    def nodes(self) -> Iterator[tuple[int, Node]]:
        """Each item's place and node, from where the last one stopped."""
        while self._next < len(self._items):
            place = self._next
            self._next += 1
            yield place, self.node_at(place)

    def node_at(self, place: int) -> Node:
        """The node of one item."""
        arguments = {**self.node.arguments, str(self.node.over): self._items[place]}
        return Node(f"{self.node.name}[{place}]", self.node.task, arguments)

    def collect(self, place: int, refs: Refs, *, executed: bool) -> None:
        """The node of this place has made its results."""
        self.made[place] = encode_refs(refs)
        self.open -= 1
        self.executed += executed

    def fail(self, place: int, error: str) -> None:
        """The node of this place went wrong."""
        self.failed[str(self._items[place])] = error
        self.open -= 1

    def tell_failed(self) -> str:
        """Which items went wrong, and why; of many, the first few."""
        told = "; ".join(f"{name}: {why}" for name, why in list(self.failed.items())[:MOST_TOLD])
        more = f"; and {len(self.failed) - MOST_TOLD} more" if len(self.failed) > MOST_TOLD else ""
        return f"{len(self.failed)} of {len(self)}: {told}{more}"

    def gather(self, store: Store, blobs: Blobs) -> Refs:  # of tables it is the catalog that tells
        """All results as one list."""
        return (encode_items(filter(None, self.made), blobs),)

    def tell(self) -> str:
        """What was done, in a few words."""
        if not len(self):
            return f"no {self.unit}s"
        reused = len(self) - len(self.failed) - self.executed
        several = "" if len(self) == 1 else "s"
        return f"{len(self):,} {self.unit}{several}: {self.executed:,} executed, {reused:,} reused"


def expand(node: Node, artifacts: Mapping[str, Refs], blobs: Blobs) -> Expansion:
    """The items of a mapped node, whose upstream nodes have all made their results.

    Raises InputLost when the list cannot be read any more, CannotExpand when it is none.
    """
    items = node.arguments[str(node.over)]
    if isinstance(items, Node | Output):
        items = _read_items(give(items, artifacts[source(items).name]), node, blobs)
    return Expansion(node, items)


def _read_items(given: Given, node: Node, blobs: Blobs) -> Sequence[Any]:
    """The items of what another node made; those that are stored apart stay there until they are needed."""
    (ref,) = given.refs if len(given.refs) == 1 else (None,)
    try:
        if ref is not None and ref.kind == LIST:
            return [Given(given.node, refs, several=len(refs) > 1) for refs in decode_items(ref, blobs)]
        if ref is not None and ref.kind == "json":
            value = from_plain(msgspec.json.decode(blobs.get(ref.digest)), lambda inner: Given(given.node, (inner,)))
            if isinstance(value, list | tuple):
                return value
    except (NotFound, CorruptObject):
        raise InputLost(given.node) from None
    made = "several values" if ref is None else str(ref.facts.get("type", ref.kind))
    raise CannotExpand(f"{node.name} is mapped over the result of {given.node}, which is no list but {made}")
