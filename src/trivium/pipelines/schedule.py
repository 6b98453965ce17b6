"""Which nodes can run: those whose upstream nodes have all made their results. Constant work for each edge."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from trivium.pipelines.graph import Node


class Schedule:
    """The nodes of a graph on their way. `ready` are those that can be decided, in the order in which they became it.

    upstream: the names of the nodes that each one waits for.
    """

    def __init__(self, nodes: Sequence[Node], upstream: Mapping[str, Sequence[str]]) -> None:
        self.ready: deque[Node] = deque(node for node in nodes if not upstream[node.name])
        self.open = len(nodes)
        self._by_name = {node.name: node for node in nodes}
        self._missing = {name: set(names) for name, names in upstream.items() if names}
        self._dependents: dict[str, list[str]] = {}
        for name, names in upstream.items():
            for before in names:
                self._dependents.setdefault(before, []).append(name)

    def made(self, name: str) -> None:
        """The node has its result; what only waited for it is ready."""
        self.open -= 1
        for dependent in self._dependents.get(name, ()):
            missing = self._missing.get(dependent)
            if missing is not None and name in missing:
                missing.discard(name)
                if not missing:
                    del self._missing[dependent]
                    self.ready.append(self._by_name[dependent])

    def lost(self, name: str, *, reader: str) -> None:
        """The result of the node is gone: it is ready again, and its reader waits for it."""
        self.open += 1
        self.ready.append(self._by_name[name])
        self.wait(reader, [name])

    def join_lost(self, name: str, *, reader: str) -> None:
        """The same of a node that stands for what others made, which it waits for."""
        self.open += 1
        self.wait(reader, [name])

    def wait(self, reader: str, names: Sequence[str]) -> None:
        """A node that was ready waits again, for these."""
        self._missing.setdefault(reader, set()).update(names)
