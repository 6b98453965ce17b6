"""Copies of stored files among the system's temporary files, which do not outlive their process for long."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from trivium.deferred import Deferred

if TYPE_CHECKING:
    import fcntl
    import shutil
    import tempfile
else:
    fcntl, shutil, tempfile = (Deferred(each) for each in ("fcntl", "shutil", "tempfile"))  # few tasks take files

PREFIX = "trivium-files-"
LOCK = "lock"


class Copies:
    """Those of one task, or of a process outside of tasks: each has a folder of its own.

    folder: where these are, if somebody removes that. Else it is made for the first, and locked as long as its process
    lives: those of processes that were killed go when the next one is made.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._locks: dict[int, TextIO] = {}  # by process: this one may be forked from the first
        self._made = folder is None
        self._turn = Lock()

    def new_folder(self) -> Path:
        """An empty folder for one copy."""
        with self._turn:
            if self._made and os.getpid() not in self._locks:
                _sweep(Path(tempfile.gettempdir()))
                self._folder = self._locked()
        return Path(tempfile.mkdtemp(dir=self._folder))

    def remove(self) -> None:
        """They are gone, unless they belong to the process that this one was forked from."""
        if self._folder is not None and os.getpid() in self._locks:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._locks.pop(os.getpid()).close()

    def _locked(self) -> Path:
        begun = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))  # not swept: it has its name only when it is locked
        lock = self._locks[os.getpid()] = (begun / LOCK).open("w")
        with suppress(OSError):  # a file system without locks, where nothing is swept
            fcntl.flock(lock, fcntl.LOCK_EX)
        return begun.rename(begun.with_name(begun.name.removeprefix(".")))


def _sweep(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / LOCK).open("r+") as lock:  # somebody is at work there, or it is another's
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
