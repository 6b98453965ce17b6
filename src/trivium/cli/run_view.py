"""Runs as the terminal shows them."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from trivium.pipelines.progress import TaskEvent
from trivium.values.runs import Run, TaskRun

SIGNS = {"started": "…", "executed": "✓", "cached": "=", "failed": "✗"}


def run_row(run: Run) -> dict[str, Any]:
    """A run in a list; `seconds` is None while it goes on."""
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
    return {**msgspec.structs.asdict(run), "seconds": seconds}


def task_row(task: TaskRun) -> dict[str, Any]:
    """A task of a run, without its log."""
    row = msgspec.structs.asdict(task)
    row.pop("log")
    return {**row, "seconds": (task.ended_at - task.started_at).total_seconds() if task.ended_at else None}


def tell_task(event: TaskEvent) -> None:
    """One line of progress on stderr for each task that ended, and on a terminal for each that started."""
    if event.kind == "started" and not sys.stderr.isatty():
        return
    took = f" {event.seconds:.1f} s" if event.seconds else ""
    print(
        f"{SIGNS[event.kind]} {event.number}/{event.total} {event.node} {event.kind}{took}: {event.why}",
        file=sys.stderr,
    )
