"""Whether anything was committed to a catalog since somebody looked, told without asking the catalog."""

from __future__ import annotations

import mmap
import os
import time
from itertools import count
from pathlib import Path
from typing import Protocol

SECONDS = 1.0


class Pulse(Protocol):
    """A value that differs after every commit of any process. The writer says when it starts and has ended."""

    def value(self) -> object | None:
        """The same value as before means that nothing was committed between; None: only asking the catalog tells."""

    def rise(self) -> None:
        """A commit is about to become visible. Called by the one writer of the moment."""

    def fall(self) -> None:
        """That commit is visible."""


class SharedPulse:
    """A number in a small file that all processes of a machine have mapped: odd while a commit is under way.

    A writer that dies between leaves it odd, which only makes everybody ask, until the next commit. The file is good
    where SQLite's own shared memory is: on one machine.
    """

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            os.ftruncate(handle, 8)
            self._number = memoryview(mmap.mmap(handle, 8)).cast("Q")
        finally:
            os.close(handle)

    def value(self) -> int | None:
        number = self._number[0]
        return None if number & 1 else number

    def rise(self) -> None:
        self._number[0] = self._number[0] + 2 | 1

    def fall(self) -> None:
        self._number[0] += 1


class TimedPulse:
    """For a catalog on another machine: what others commit there is noticed a second later, one's own at once."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._numbers = count(1)
        self._own = 0

    def value(self) -> tuple[int, int] | None:
        return self._own, int(time.monotonic() / self.seconds)

    def rise(self) -> None:
        """Nothing: no other process of this machine would see it."""

    def fall(self) -> None:
        self._own = next(self._numbers)


def open_pulse(catalog: Path | str) -> Pulse:
    """The pulse of the catalog in this SQLite file, or at this address."""
    return SharedPulse(catalog.with_suffix(".pulse")) if isinstance(catalog, Path) else TimedPulse()
