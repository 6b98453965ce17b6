"""What a run tells while it goes on: lines for people, JSON lines for programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, TextIO

import msgspec
import typer

from trivium.cli.changing_line import ChangingLine
from trivium.pipelines.progress import Progress, TaskEvent

SIGNS = {
    "started": "…", "retrying": "↻", "executed": "✓", "cached": "=", "failed": "✗", "skipped": "-", "mapped": "✓",
}  # fmt: skip


class Telling(StrEnum):
    """How progress is told on stderr."""

    lines = "lines"
    json = "json"
    none = "none"


AsProgress = Annotated[
    Telling,
    typer.Option("--progress", help="How progress is told on stderr: lines for people, JSON lines, or none."),
]


def progress_for(telling: Telling) -> Progress | None:
    """What takes the events of a run."""
    if telling is Telling.none:
        return None
    return tell_json if telling is Telling.json else RunLines()


def tell_json(event: TaskEvent, stream: TextIO | None = None) -> None:
    """One JSON object in a line for each event."""
    print(msgspec.json.encode(event).decode(), file=stream or sys.stderr, flush=True)


class RunLines:
    """A line for each task that ended, and on a terminal for each that started. Items of maps, and partitions, share a
    line that changes; what goes wrong has one of its own."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._changing = ChangingLine(self._stream)

    def __call__(self, event: TaskEvent) -> None:
        if event.part_of and event.kind not in ("failed", "retrying"):
            self._count(event)
        elif event.kind != "started" or self._stream.isatty():
            self._changing.close()
            took = f" {event.seconds:.1f} s" if event.seconds else ""
            print(f"{_head(event)} {event.node} {event.kind}{took}: {event.why}", file=self._stream, flush=True)

    def _count(self, event: TaskEvent) -> None:
        if event.kind != "started" and self._changing.is_due():
            self._changing.show(f"{_head(event)} {event.part_of} {event.done:,} of {event.items:,}")


def _head(event: TaskEvent) -> str:
    return f"{SIGNS[event.kind]} {event.number}/{event.total}"
