"""The environments of a graph's nodes, resolved before any of them runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.pipelines.graph import Node
from trivium.store.store import Store
from trivium.values.environments import EnvironmentSpec
from trivium.values.runs import Environment

if TYPE_CHECKING:
    from trivium.pipelines.environments import resolve
else:
    resolve = Deferred("trivium.pipelines.environments.resolve")  # most runs have nothing to resolve


@dataclass(frozen=True)
class NodeEnvironments:
    """Which environment of its own each node runs in; most have none. by_node: what was recorded for a run before."""

    by_spec: Mapping[EnvironmentSpec | str, Environment] = field(default_factory=dict)
    by_node: Mapping[str, Environment] = field(default_factory=dict)

    def find(self, node: Node) -> Environment | None:
        """The node's own environment; None where it has that of the run."""
        if node.task.options.env is None:
            return None
        return self.by_node.get(_place(node.name)) or self.by_spec[node.task.options.env]

    def digest(self, node: Node) -> str:
        """The digest of the node's own environment; "" where it has that of the run."""
        found = self.find(node)
        return found.digest if found else ""


def resolve_nodes(nodes: Iterable[Node], store: Store, recorded: Mapping[str, str] | None = None) -> NodeEnvironments:
    """The environments of these nodes, each resolved or remembered. recorded: {node: digest} of those to take instead.

    Raises what `resolve_environment` raises.
    """
    asked = [node for node in nodes if node.task.options.env is not None]
    by_node = {name: store.catalog.runs.get_environment(digest) for name, digest in (recorded or {}).items()}
    open_ones = dict.fromkeys(node.task.options.env for node in asked if _place(node.name) not in by_node)
    return NodeEnvironments(
        {env: resolve.resolve_environment(env, store) for env in open_ones if env is not None}, by_node
    )


def _place(node: str) -> str:
    """The mapped node of an item."""
    return node.partition("[")[0]
