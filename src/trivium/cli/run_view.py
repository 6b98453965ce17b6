"""Runs as the terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from trivium.values.runs import Run, TaskRun


def run_row(run: Run) -> dict[str, Any]:
    """A run in a list; `seconds` is None while it goes on."""
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
    return {**msgspec.structs.asdict(run), "seconds": seconds}


def ended_line(run: Run) -> str:
    """How it ended, and what was done."""
    skipped = f", {run.skipped} skipped" if run.skipped else ""
    return f"Run {run.id} {run.status}: {run.executed} executed, {run.cached} reused{skipped}."


def parameter_rows(run: Run) -> list[dict[str, Any]]:
    """Each parameter of a run with its value, and where that, and parts of it, came from."""
    return [
        {"parameter": name, "value": _text_of(value), "source": ", ".join(_sources(name, run))}
        for name, value in run.parameters.items()
    ]


def secrets_of(tasks: Sequence[TaskRun]) -> list[str]:
    """Names of the secrets that these tasks were given."""
    return sorted({name for task in tasks for name in task.secrets})


def task_row(task: TaskRun) -> dict[str, Any]:
    """A task of a run, without its log."""
    row = msgspec.structs.asdict(task)
    row.pop("log")
    return {**row, "seconds": (task.ended_at - task.started_at).total_seconds() if task.ended_at else None}


def _sources(name: str, run: Run) -> Iterator[str]:
    for path, source in run.sources.items():
        if path == name:
            yield source
        elif path.startswith(f"{name}."):
            yield f"{path.removeprefix(f'{name}.')} from {source}"


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
