"""Where things come from and what they go into: the nodes and edges of lineage, and the facts behind them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from trivium.values.tables import Operation

NodeKind = Literal["table", "run", "blob", "model", "endpoint"]
ReadKind = Literal["table", "blob"]
How = Literal[
    "read", "wrote", "returned", "registered", "trained", "opened", "serves", "looks up", "labels", "logs", "is"
]
Direction = Literal["upstream", "downstream"]


class Read(Struct, frozen=True):
    """A run read a table version, or a blob by its digest (`version` is 0 then).

    `node` is the task that did; "" is the run itself, which pins its inputs when it starts. `columns` and `partitions`
    are the only ones that were read; None: all of them, or it is not known which.
    """

    run: str
    node: str
    kind: ReadKind
    name: str
    version: int = 0
    columns: tuple[str, ...] | None = None
    partitions: tuple[str, ...] | None = None


class TableRead(Struct, frozen=True, array_like=True, gc=False):
    """A run read a table version, as far as it tells what the run's results are made of.

    `node` is the task, where only these `partitions` were read; "" and None where it is not known which.
    """

    run: str
    node: str
    table: str
    version: int
    partitions: tuple[str, ...] | None


class Change(Struct, frozen=True, array_like=True, gc=False):
    """A published commit as far as it tells what changed: nothing of its size.

    `replaced`: files that were there before are not any more. `kept`: the version can still be read.
    """

    table: str
    version: int
    operation: Operation
    partitions: tuple[str, ...]
    run: str | None
    node: str
    digest: str
    replaced: bool
    kept: bool
    committed_at: datetime


class Span(Struct, frozen=True, array_like=True, gc=False):
    """A data file of a partition, and the versions that it is part of: from `added` until before `removed`."""

    table: str
    partition: str
    digest: str
    content: str
    added: int
    removed: int | None


class Write(Struct, frozen=True):
    """A published commit as lineage sees it: which version of which table, written by which run (None: by hand)."""

    table: str
    version: int
    operation: Operation
    run: str | None
    actor: str
    committed_at: datetime


class Node(Struct, frozen=True, order=True):
    """Anything that data comes from or goes into. A table without `version` is all of its versions.

    `column` narrows a table to one of its columns.
    """

    kind: NodeKind
    name: str
    version: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        head = self.name if self.kind == "table" else f"{self.kind}:{self.name}"
        at = f"@{self.version}" if self.version is not None else ""
        return f"{head}{at}.{self.column}" if self.column else head + at


class Edge(Struct, frozen=True):
    """Data went from `source` into `target`: a run `read` a table or `wrote` it, an endpoint `serves` a model.

    `by` names the tasks of the run that did it, where they are known. `detail` tells more ("append", "champion").
    """

    source: Node
    target: Node
    how: How
    by: tuple[str, ...] = ()
    detail: str = ""


class Walk(Struct, frozen=True):
    """What was found from `start`: edges, nearest first. `cut` says what ended the walk early: the depth or the limit
    that was asked for; "" when nothing is left out."""

    start: Node
    direction: Direction
    edges: tuple[Edge, ...]
    cut: Literal["", "depth", "limit"] = ""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Everything that was reached, nearest first, without `start`."""
        far = [edge.source if self.direction == "upstream" else edge.target for edge in self.edges]
        return tuple(node for node in dict.fromkeys(far) if node != self.start)
