"""What an import tells while it goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from trivium.cli.changing_line import ChangingLine, spelled_seconds

if TYPE_CHECKING:
    from trivium.tables.import_source import Progress

DONE = {"reading": "read", "committing": "committed"}


class ImportView:
    """Tells progress on stderr, so that stdout has the result alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._line = ChangingLine(stream)
        self._begun: dict[str, float] = {}

    def tell(self, progress: Progress) -> None:
        """The progress is shown, if the last was shown long enough ago."""
        begun = self._begun.setdefault(progress.step, time.monotonic())
        if self._line.is_due():
            self._line.show(progress_line(progress, time.monotonic() - begun))

    def close(self) -> None:
        """The changing line is gone."""
        self._line.close()


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
