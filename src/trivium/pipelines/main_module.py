"""The script or module that was started, for other processes of the same program."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from trivium.code.module_file import load_file

AGAIN = "__mp_main__"  # what `multiprocessing` calls a script that another process imports


def main_of_program() -> str | None:
    """How another process finds what is `__main__` here: a module's name, or a script's path.

    None for a notebook or a prompt, and for a script that does everything again when it is imported, because it has no
    `if __name__ == "__main__":`.
    """
    main = sys.modules["__main__"]
    if isinstance(main, LateMain):
        return main._late_main_place
    file = getattr(main, "__file__", None)
    return started_module() or (_guarded_script(file) if file else None)


def started_module() -> str | None:
    """The name of the module that was started by `python -m`, which is `__main__` here and nowhere else."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return None if spec is None else str(spec.name)


@cache
def _guarded_script(file: str) -> str | None:
    """Read once: it is asked for every task that is sent to another process."""
    if not Path(file).is_file():
        return None
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    return str(Path(file).resolve()) if "__main__" in text and "__name__" in text else None


def types_of_main() -> dict[str, type]:
    """The classes that `__main__` defines at its top, by name."""
    found = vars(sys.modules["__main__"])
    return {name: kind for name, kind in found.items() if isinstance(kind, type) and kind.__module__ == "__main__"}


class LateMain(ModuleType):
    """Stands for `__main__` in another process, and is imported when something of it is asked for.

    Its own two names are such as no script has, which may well have a task `main`.
    """

    def __init__(self, main: str) -> None:
        super().__init__("__main__")
        self._late_main_place = main
        self._late_main_loaded: ModuleType | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._late_main_loaded is None:
            self._late_main_loaded = _load(self._late_main_place)
        return getattr(self._late_main_loaded, name)


def _load(main: str) -> ModuleType:
    return _load_script(main) if Path(main).is_absolute() else importlib.import_module(main)


def _load_script(file: str) -> ModuleType:
    """The script is `__main__`, though it does not run, and its types are stored and found by that name, as they are in
    the process that was started with it."""
    module = load_file(file, AGAIN, "__main__")
    module.__spec__ = None  # as of any script
    _rename(module)
    return module


def _rename(holder: ModuleType | type) -> None:
    for each in list(vars(holder).values()):
        if isinstance(each, type) and each.__module__ == AGAIN:
            each.__module__ = "__main__"
            _rename(each)
