"""Engines that are loaded when the first frame appears: loading one takes as long as a short run without any."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Deferred", "pl"]


class Deferred(ModuleType):
    """Stands for the module of this name, which is loaded when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


if not TYPE_CHECKING:
    pl = Deferred("polars")
