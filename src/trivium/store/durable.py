"""Bytes that survive: written aside, synced, moved into place, and the folder synced."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

from trivium.errors import VersionConflict
from trivium.failpoints import failpoint
from trivium.ids import new_id


def write_durably(path: Path, write: Callable[[Path], None], *, sync: bool = True, fresh: bool = False) -> None:
    """`path` holds what `write` wrote, whole or not at all, also after a power loss (with `sync`).

    fresh: a file is never replaced; raises VersionConflict when there is one that holds other bytes.
    """
    made = list(takewhile(lambda folder: not folder.exists(), (path.parent, *path.parent.parents)))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{new_id()}")
    try:
        write(aside)
        if sync:
            _flush(aside)
        failpoint("file:written")
        _move(aside, path, fresh=fresh)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    if sync:
        for folder in (path.parent, *(made_folder.parent for made_folder in made)):
            _flush(folder)


def delete_durably(path: Path, *, sync: bool = True) -> None:
    """There is no file at `path`, nor does one come back after a power loss (with `sync`)."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    if sync:
        _flush(path.parent)


def _move(aside: Path, path: Path, *, fresh: bool) -> None:
    if not fresh:
        aside.replace(path)
        return
    try:
        path.hardlink_to(aside)  # the one move that another process cannot overtake between a look and an act
    except PermissionError:  # a file system without hard links
        if not path.exists():
            aside.replace(path)
            return
        _compare(aside, path)
    except FileExistsError:
        _compare(aside, path)
    aside.unlink()


def _compare(aside: Path, path: Path) -> None:
    if not filecmp.cmp(aside, path, shallow=False):
        raise VersionConflict(f"{path} is there with other bytes; stored files are never replaced.")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
