"""What the catalog remembers of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from trivium.values.runs import Code, Environment, MetricPoint, Run, RunStatus, TaskRun
from trivium.values.velocity import DayOfRuns, Promotion

NO_BLOBS: Mapping[str, bytes] = {}


class Runs(Protocol):
    """Runs, their tasks and metrics. Guarantees: each method is one transaction and durable when it returns.

    A run key names one run for ever. A finished task is a fact that a later run finds by its cache key.
    """

    def start(self, run: Run, environment: Environment) -> Run:
        """The run is recorded as running; a run with the same key is returned instead (finished or to be resumed)."""

    def reopen(self, run_id: str, *, actor: str, code: Code | None = None) -> Run:
        """The run is recorded as running again: it goes on where it failed, was refused, or was killed.

        code: that with which it goes on, which may have been repaired meanwhile; the event keeps the digest of both.
        """

    def finish(self, run_id: str, *, status: RunStatus, at: datetime, error: str | None = None) -> Run:
        """The run has ended; its counts of executed, cached and skipped tasks, and the seconds that cached ones saved,
        are taken from the records of tasks."""

    def cancel(self, run_id: str, *, actor: str) -> Run:
        """A running run is asked to end, with an event; one that has ended is left as it is."""

    def find_status(self, run_id: str) -> RunStatus:
        """The status of the run with exactly this id. Raises NotFound."""

    def record_task(self, task: TaskRun) -> None:
        """The task's state is replaced by this one."""

    def record_tasks(self, tasks: Sequence[TaskRun], blobs: Mapping[str, bytes] = NO_BLOBS) -> None:
        """The same for several tasks, in one transaction, with the small blobs that they name."""

    def find_cached(self, key: str) -> TaskRun | None:
        """The newest executed task with this cache key, or None."""

    def find_newest_task(self, task: str, node: str | None = None) -> TaskRun | None:
        """The newest executed run of the task with this name (as this node, if one is given), or None."""

    def log_metrics(self, points: list[MetricPoint]) -> None:
        """The points are stored; the same point twice is stored once. The run shows the last value by step."""

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """The run carries these tags, replacing equal names."""

    def accept_alerts(self, run_id: str, alerts: Sequence[str], *, actor: str) -> None:
        """The run goes on in spite of these open blocking alerts: their ids are a tag of it, and in an event."""

    def get_run(self, run_id: str) -> Run:
        """A run by id, or by a unique beginning of it. Raises NotFound."""

    def find_by_key(self, key: str) -> Run | None:
        """The run started under this key, or None."""

    def list_runs(
        self, *, pipeline: str | None = None, status: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[Run]:
        """Runs, newest first; `before` is the id of the last one already seen."""

    def list_tasks(self, run_id: str, *, items: bool = True) -> list[TaskRun]:
        """The run's tasks in the order in which they started. items: also those of maps, not only their failed ones."""

    def find_task(self, run_id: str, node: str) -> TaskRun | None:
        """One task of the run, or None."""

    def find_producers(self, digest: str) -> list[TaskRun]:
        """Task runs that wrote the artifact with this digest, newest first."""

    def record_environment(self, environment: Environment) -> None:
        """The environment is on record; one with the same digest stays as it was."""

    def get_environment(self, digest: str) -> Environment:
        """An environment by digest. Raises NotFound."""

    def list_metrics(self, run_id: str, name: str | None = None) -> list[MetricPoint]:
        """The run's metric points, by name and step."""

    def count_days(self, *, since: datetime, pipeline: str | None = None) -> list[DayOfRuns]:
        """Runs that started at this time or later, counted by day, pipeline and person, in this order."""

    def list_promotions(self, *, since: datetime, pipeline: str | None = None) -> list[Promotion]:
        """Code whose first champion was promoted at this time or later, in the order of the promotions."""
