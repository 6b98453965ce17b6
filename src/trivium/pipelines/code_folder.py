"""Where the files of a project's code are: those beside its modules, such as notebooks."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "TRIVIUM_CODE"  # in the environment, because processes of tasks and kernels of notebooks ask as well


def code_folder(root: Path) -> Path:
    """The project's folder; in a process that runs kept code, and in those that it starts, where that was unpacked."""
    kept = Path(os.environ.get(VARIABLE, ""))
    return kept if kept.is_absolute() and kept.is_dir() else root


def run_code_of(folder: Path) -> None:
    """From now on the code is that in this folder."""
    os.environ[VARIABLE] = str(folder)
