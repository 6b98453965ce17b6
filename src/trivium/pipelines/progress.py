"""What a run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct


class TaskEvent(Struct, frozen=True):
    """One thing that happened to one node. `number` of `total` nodes; `seconds` that it took, when it has ended."""

    kind: Literal["started", "executed", "cached", "failed", "skipped"]
    run: str
    node: str
    number: int
    total: int
    why: str = ""
    seconds: float = 0.0


Progress = Callable[[TaskEvent], None]
