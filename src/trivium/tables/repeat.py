"""An act that is made from a version is made again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from trivium.errors import VersionConflict

T = TypeVar("T")
ATTEMPTS = 20


def repeat_on_conflict(act: Callable[[], T]) -> T:
    """What the act returns. It is made again after a VersionConflict; the last of 20 attempts raises it."""
    for _ in range(ATTEMPTS - 1):
        try:
            return act()
        except VersionConflict:
            continue
    return act()
