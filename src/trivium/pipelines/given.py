"""Arguments on their way to where a task runs: what other tasks made and tables, as references instead of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trivium.pipelines.graph import Node, Output, replace_leaves, source
from trivium.pipelines.signature import is_table
from trivium.values.runs import ArtifactRef, TableInput


class Given(Struct, frozen=True):
    """What an upstream node made, or a part of it; read where the task runs. several: it is a tuple of outputs."""

    node: str
    refs: tuple[ArtifactRef, ...]
    several: bool = False


class Pinned(Struct, frozen=True):
    """A table at the version that the run reads."""

    table: TableInput


def resolve_arguments(
    node: Node, artifacts: Mapping[str, tuple[ArtifactRef, ...]], tables: Mapping[str, TableInput]
) -> dict[str, Any]:
    """The node's arguments with every table Pinned, and every other task's result Given."""

    def resolve(leaf: Any) -> Any:
        if isinstance(leaf, Node | Output):
            return give(leaf, artifacts[source(leaf).name])
        return Pinned(tables[leaf.name]) if is_table(leaf) else leaf  # a Slice is pinned as it is

    return {name: replace_leaves(value, resolve) for name, value in node.arguments.items()}


def give(leaf: Node | Output, refs: tuple[ArtifactRef, ...]) -> Given:
    """What this node, or this one output of it, made."""
    if isinstance(leaf, Output):
        return Given(leaf.node.name, (refs[leaf.index],))
    return Given(leaf.name, refs, several=leaf.is_several(len(refs)))
