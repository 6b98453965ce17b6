"""What an import tells while it goes on: a line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from trivium.tables.import_source import Progress

TERMINAL_SECONDS = 0.2
QUIET_SECONDS = 5.0
DONE = {"reading": "read", "committing": "committed"}


class ImportView:
    """Tells progress on stderr, so that stdout has the result alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._every = TERMINAL_SECONDS if self._terminal else QUIET_SECONDS
        self._begun: dict[str, float] = {}
        self._told = time.monotonic()
        self._width = 0

    def tell(self, progress: Progress) -> None:
        """The progress is shown, if the last was shown long enough ago."""
        now = time.monotonic()
        begun = self._begun.setdefault(progress.step, now)
        if now - self._told < self._every:
            return
        self._told = now
        line = progress_line(progress, now - begun)
        self._stream.write(f"\r{line:<{self._width}}" if self._terminal else f"{line}\n")
        self._stream.flush()
        self._width = len(line)

    def close(self) -> None:
        """The changing line is gone."""
        if self._width and self._terminal:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


def progress_line(progress: Progress, seconds: float) -> str:
    """ "committed 4,000,000 of 10,000,000 rows, 812,000 rows/s, 8 s left"."""
    of_all = f" of {progress.total:,}" if progress.total else ""
    parts = [f"{DONE[progress.step]} {progress.rows:,}{of_all} rows"]
    if progress.bytes:
        parts.append(f"{progress.bytes / 1e6:,.0f} MB")
    if progress.commits:
        parts.append(f"{progress.commits} commits")
    if seconds > 0:
        rate = progress.rows / seconds
        parts.append(f"{rate:,.0f} rows/s")
        if progress.total and rate:
            parts.append(f"{spelled_seconds((progress.total - progress.rows) / rate)} left")
    return ", ".join(parts)


def spelled_seconds(seconds: float) -> str:
    """ "8 s", "3 min", "2 h"."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
