"""Whose turn it is to write to an SQLite file. SQLite alone lets the one that just wrote overtake those that wait."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_SECONDS = 0.0005


class Turn:
    """A lock file that one writer holds while it waits for the writer before it, and gives up when it writes itself.

    Whoever wrote has to queue again, so all that wait have the same chance: none starves. A process that dies gives
    its turn up.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    @contextmanager
    def taken(self, patience: float) -> Iterator[None]:
        """It is this writer's turn inside the block. Raises TimeoutError when others had it for `patience` seconds."""
        end = time.monotonic() + patience
        while not self._take():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(PAUSE_SECONDS)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """The file is closed."""
        os.close(self._file)

    def _take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
