"""PyTorch, where it is installed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from trivium.errors import MissingExtra


def import_torch() -> ModuleType:
    """The module `torch`. Raises MissingExtra when it is not installed."""
    try:
        return import_module("torch")
    except ModuleNotFoundError:
        raise MissingExtra("Tensors need the package 'torch': pip install 'trivium[torch]'.") from None
