"""The branches of one run: which are taken, which nodes are skipped and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trivium.errors import CorruptObject, NotFound, TriviumError
from trivium.pipelines.artifacts import decode, encode
from trivium.pipelines.attempt import InputLost
from trivium.pipelines.branch import Join, is_bool, told
from trivium.pipelines.graph import Guard, Node, Output, leaves, source
from trivium.store.blobs import Blobs
from trivium.values.runs import ArtifactRef

Refs = tuple[ArtifactRef, ...]


class NoBool(TriviumError):
    """A task that is to decide returned something else than a bool."""


class Branches:
    """What became of branches so far. `artifacts` are those of the run, made by others.

    skipped: {node: why}. behind: {join: the nodes whose results it took}.
    """

    def __init__(self, artifacts: dict[str, Refs], blobs: Blobs) -> None:
        self.artifacts, self.blobs = artifacts, blobs
        self.skipped: dict[str, str] = {}
        self.behind: dict[str, tuple[str, ...]] = {}
        self._answers: dict[str, Any] = {}

    def is_open(self, name: str) -> bool:
        """Whether the node has neither made its result nor been skipped."""
        return name not in self.artifacts and name not in self.skipped

    def why_skipped(self, node: Node) -> str | None:
        """Why the node does not run; None when it does, as far as conditions are known.

        Raises InputLost when what decides cannot be read any more, NoBool when it is no bool.
        """
        for guard in node.guards:
            if (why := self._why_not(guard)) is not None:
                return why
        taken: Any = self.taken(node)[1] if isinstance(node, Join) else node.arguments
        needed = (source(leaf).name for leaf in leaves(taken) if isinstance(leaf, Node | Output))
        return next((f"{name} was skipped" for name in needed if name in self.skipped), None)

    def open_guards(self, node: Node) -> list[Guard]:
        """Those whose conditions are not known yet."""
        return [guard for guard in node.guards if self.is_open(source(guard.condition).name)]

    def join(self, node: Join) -> tuple[Refs, str]:
        """What the taken branch gave, and which one it was."""
        guard, value = self.taken(node)
        divided = isinstance(value, tuple) and len(value) > 1 and (node.outputs or any(_names(value)))
        parts = value if divided else (value,)
        refs = tuple(ref for part in parts for ref in self._refs(part))
        self.behind[node.name] = tuple(dict.fromkeys(_names(value)))
        return refs, f"`{guard.name}` was {guard.wanted}: {told(value)}"

    def taken(self, node: Join) -> tuple[Guard, Any]:
        """The branch that is taken, and what it gives: what decides, when that is skipped or not known yet."""
        yes, no = node.sides
        name = source(node.condition).name
        if name in self.skipped or self.is_open(name):
            return yes[0], node.condition
        return yes if self.answer(node.condition) else no

    def answer(self, condition: Node | Output) -> bool:
        """What the node that decides returned."""
        name = source(condition).name
        refs = self.artifacts[name]
        ref = refs[condition.index] if isinstance(condition, Output) else refs[0]
        if ref.digest not in self._answers:
            try:
                self._answers[ref.digest] = decode(ref, self.blobs)
            except (NotFound, CorruptObject):
                raise InputLost(name) from None
        found = self._answers[ref.digest]
        if not is_bool(found):
            raise NoBool(f"{name} decides this branch, so it has to return a bool, but it returned {found!r:.60}")
        return bool(found)

    def _why_not(self, guard: Guard) -> str | None:
        name = source(guard.condition).name
        if name in self.skipped:
            return f"{name} was skipped"
        if self.is_open(name):
            return None
        return None if self.answer(guard.condition) == guard.wanted else f"`{guard.name}` was {not guard.wanted}"

    def _refs(self, part: Any) -> Refs:
        if isinstance(part, Output):
            return (self.artifacts[part.node.name][part.index],)
        return self.artifacts[part.name] if isinstance(part, Node) else (encode(part, self.blobs),)


def _names(value: Any) -> Iterator[str]:
    return (source(leaf).name for leaf in leaves(value) if isinstance(leaf, Node | Output))
