"""What an open store keeps in memory because it is dear to make again: derived things only, by their type."""

from __future__ import annotations

from typing import Any, TypeVar, cast

T = TypeVar("T")


class Kept:
    """One thing of each type, made empty at its first use. Losing them loses nothing."""

    def __init__(self) -> None:
        self._things: dict[type, Any] = {}

    def get(self, kind: type[T]) -> T:
        """The thing of this type."""
        return cast(T, self._things.setdefault(kind, kind()))
