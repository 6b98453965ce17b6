"""Bytes that survive: written aside, synced, renamed into place, and the folder synced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from trivium.ids import new_id


def write_durably(path: Path, write: Callable[[Path], None], *, sync: bool = True) -> None:
    """`path` holds what `write` wrote, whole or not at all, also after a power loss (with `sync`)."""
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{new_id()}")
    try:
        write(aside)
        if sync:
            _sync(aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    if sync:
        for folder in (path.parent, *(made_folder.parent for made_folder in made)):
            _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
