"""Modules that are loaded when something of them is asked for."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class Deferred(ModuleType):
    """Stands for the module of this name, which is loaded when something of it is asked for.

    Only for what most processes never need: whoever reads the file sees no other sign of it.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)
