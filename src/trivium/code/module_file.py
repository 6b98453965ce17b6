"""A module from its file, under any name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from trivium.errors import Misuse


def load_file(file: str | Path, *names: str) -> ModuleType:
    """The module of this file, loaded under the first of these names and found under all of them; when that fails, as
    if it had not been tried.

    Raises Misuse for what is no Python file, and whatever the module's own code raises.
    """
    spec = importlib.util.spec_from_file_location(names[0], file)
    if spec is None or spec.loader is None:
        raise Misuse(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names, module))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
        raise
    return module


def file_of_module(module: Any) -> str | None:
    """The file that a loaded module is made of, without asking the module: some import others when they are asked."""
    if not issubclass(type(module), ModuleType):  # some only say that they are one
        return None
    file = ModuleType.__getattribute__(module, "__dict__").get("__file__")
    return file if isinstance(file, str) else None
