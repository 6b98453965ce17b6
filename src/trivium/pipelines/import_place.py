"""Where a file of Python is imported from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from trivium.code.module_file import file_of_module


def import_place(path: Path) -> tuple[Path, str]:
    """(folder to import from, dotted name) of a file, the outermost package included."""
    names = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


def imported_names() -> dict[str, str]:
    """{file: dotted name} of everything that this process has imported."""
    return {
        file: name
        for name, module in list(sys.modules.items())
        if (file := file_of_module(module)) and name != "__main__"
    }


def folder_imported_from(path: Path, names: Mapping[str, str]) -> Path:
    """The folder from which the file was imported under its name; that of its outermost package when it was not."""
    parts = names.get(str(path), "").split(".")
    steps = len(parts) + (path.name == "__init__.py")
    if parts[-1] == (path.parent.name if path.name == "__init__.py" else path.stem) and len(path.parents) >= steps:
        return path.parents[steps - 1]
    return import_place(path)[0]
