"""What a run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

Kind = Literal["started", "retrying", "executed", "cached", "failed", "skipped", "mapped"]


class TaskEvent(Struct, frozen=True):
    """One thing that happened to one node. `number` of `total` nodes; `seconds` that it took, when it has ended.

    Of an item of a map, or a partition of a table: part_of is the node that it belongs to, whose number it has, of
    which `done` of `items` have ended. "retrying": an attempt failed, and another one follows. "mapped": a node is done
    because all its items are.
    """

    kind: Kind
    run: str
    node: str
    number: int
    total: int
    why: str = ""
    seconds: float = 0.0
    part_of: str = ""
    done: int = 0
    items: int = 0


Progress = Callable[[TaskEvent], None]
