"""What long work tells while it goes on: a line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

TERMINAL_SECONDS = 0.2
QUIET_SECONDS = 5.0


class ChangingLine:
    """A line on stderr, so that stdout has the result alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._every = TERMINAL_SECONDS if self._terminal else QUIET_SECONDS
        self._shown = time.monotonic()
        self._width = 0

    def is_due(self) -> bool:
        """Whether the last line was shown long enough ago."""
        return time.monotonic() - self._shown >= self._every

    def show(self, line: str) -> None:
        """The line is there, in the place of the last one on a terminal."""
        self._shown = time.monotonic()
        self._stream.write(f"\r{line:<{self._width}}" if self._terminal else f"{line}\n")
        self._stream.flush()
        self._width = len(line)

    def close(self) -> None:
        """The changing line is gone."""
        if self._width and self._terminal:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


def spelled_seconds(seconds: float) -> str:
    """ "8 s", "3 min", "2 h"."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
