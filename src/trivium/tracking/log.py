"""Metrics and tags of the run that is going on here."""

from __future__ import annotations

from trivium.errors import Misuse
from trivium.pipelines.context import TaskContext, current_task


def log(**metrics: float) -> None:
    """The current run has these metrics: `log(auc=0.71, rows=1000)`."""
    _current().log_metrics(metrics)


def log_metric(name: str, value: float, step: int = 0) -> None:
    """The current run has this value of the metric at this step."""
    _current().log_metric(name, value, step)


def tag(**tags: str) -> None:
    """The current run carries these tags."""
    _current().tag(**tags)


def _current() -> TaskContext:
    found = current_task()
    if found is None:
        raise Misuse(
            "No run is going on here: log inside a task of a pipeline that is run with `.run(...)`, or inside "
            '`with tv.run("name"):`.'
        )
    return found
