"""Which tasks were called, and which are to fail."""

from __future__ import annotations

from typing import Any

CALLS: list[Any] = []
BROKEN: set[Any] = set()


def forget() -> None:
    CALLS.clear()
    BROKEN.clear()


def record(call: Any) -> None:
    state = globals()  # what the test changes is not to be found by name, or it would be part of the cache key
    state["CALLS"].append(call)
    if call in state["BROKEN"]:
        raise ValueError(f"{call} is broken")
