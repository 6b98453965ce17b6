"""A module from its file, under any name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from trivium.errors import Misuse


def load_file(file: str | Path, name: str) -> ModuleType:
    """The module of this file, loaded under this name; when that fails, as if it had not been tried.

    Raises Misuse for what is no Python file, and whatever the module's own code raises.
    """
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise Misuse(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def file_of_module(module: Any) -> str | None:
    """The file that a loaded module is made of, without asking the module: some import others when they are asked."""
    if not issubclass(type(module), ModuleType):  # some only say that they are one
        return None
    file = ModuleType.__getattribute__(module, "__dict__").get("__file__")
    return file if isinstance(file, str) else None
