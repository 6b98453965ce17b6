"""Runs over SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from trivium.errors import NotFound
from trivium.store.catalog.runs import NO_BLOBS
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.lineage import record_read
from trivium.store.catalog.sql.rows import json_text
from trivium.store.catalog.sql.small_blobs import record_small_blobs
from trivium.store.catalog.sql.velocity import count_days, list_promotions, saved_seconds
from trivium.values.lineage import Read
from trivium.values.runs import Code, Environment, MetricPoint, Run, RunStatus, TaskRun
from trivium.values.velocity import DayOfRuns, Promotion


class SqlRuns:
    """Implements `Runs`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def start(self, run: Run, environment: Environment) -> Run:
        with self.database.write() as tx:
            if run.key is not None:
                known = tx.one(Run, "SELECT * FROM runs WHERE key = ?", run.key)
                if known is not None:
                    return known
            _record_environment(tx, environment)
            tx.insert("runs", run)
            for each in run.inputs:
                record_read(tx, Read(run.id, "", "table", each.table, each.version))
            inputs = {each.table: each.version for each in run.inputs}
            tx.event(
                run.actor, "run.started", run.id, {"pipeline": run.pipeline, "inputs": inputs, "trigger": run.trigger}
            )
        return run

    def reopen(self, run_id: str, *, actor: str, code: Code | None = None) -> Run:
        with self.database.write() as tx:
            before = _get(tx, run_id)
            run = msgspec.structs.replace(before, status="running", ended_at=None, error=None, code=code or before.code)
            tx.replace("runs", run)
            other = run.code.digest != before.code.digest
            changed = {"code": run.code.digest, "code_before": before.code.digest} if other else {}
            tx.event(actor, "run.resumed", run.id, {"pipeline": run.pipeline, **changed})
        return run

    def finish(self, run_id: str, *, status: RunStatus, at: datetime, error: str | None = None) -> Run:
        with self.database.write() as tx:
            run = _get(tx, run_id)
            counts = dict(
                tx.execute("SELECT status, COUNT(*) FROM task_runs WHERE run = ? GROUP BY status", run.id).fetchall()
            )
            ended = msgspec.structs.replace(
                run, status=status, ended_at=at, error=error,
                executed=counts.get("executed", 0), cached=counts.get("cached", 0), skipped=counts.get("skipped", 0),
                saved=saved_seconds(tx, run.id) if counts.get("cached") else 0.0,
            )  # fmt: skip
            tx.replace("runs", ended)
            tx.event(run.actor, f"run.{status}", run.id, {"pipeline": run.pipeline, "error": error})
        return ended

    def cancel(self, run_id: str, *, actor: str) -> Run:
        with self.database.write() as tx:
            run = _get(tx, run_id)
            if run.status != "running":
                return run
            asked = msgspec.structs.replace(run, status="cancelling")
            tx.replace("runs", asked)
            tx.event(actor, "run.cancelling", run.id, {"pipeline": run.pipeline})
        return asked

    def find_status(self, run_id: str) -> RunStatus:
        found = self.database.read().execute("SELECT status FROM runs WHERE id = ?", run_id).fetchone()
        if found is None:
            raise NotFound(f"There is no run {run_id!r}.")
        status: RunStatus = msgspec.convert(found[0], RunStatus)
        return status

    def record_task(self, task: TaskRun) -> None:
        self.record_tasks([task])

    def record_tasks(self, tasks: Sequence[TaskRun], blobs: Mapping[str, bytes] = NO_BLOBS) -> None:
        with self.database.write() as tx:
            record_small_blobs(tx, blobs)
            for task in tasks:
                tx.replace("task_runs", task)
                for output in task.outputs:
                    tx.execute(
                        "INSERT INTO task_outputs VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                        output.digest,
                        task.run,
                        task.node,
                    )

    def find_cached(self, key: str) -> TaskRun | None:
        return self.database.read().one(
            TaskRun,
            "SELECT * FROM task_runs WHERE key = ? AND status = 'executed' ORDER BY started_at DESC LIMIT 1",
            key,
        )

    def find_newest_task(self, task: str, node: str | None = None) -> TaskRun | None:
        narrowed, values = ("", ()) if node is None else (" AND node = ?", (node,))
        return self.database.read().one(
            TaskRun,
            f"SELECT * FROM task_runs WHERE task = ?{narrowed} AND status = 'executed' "
            "ORDER BY started_at DESC LIMIT 1",
            task,
            *values,
        )

    def log_metrics(self, points: list[MetricPoint]) -> None:
        with self.database.write() as tx:
            for point in points:
                tx.replace("metric_points", point)
            for run_id in {point.run for point in points}:
                run = tx.one(Run, "SELECT * FROM runs WHERE id = ?", run_id)
                if run is not None:
                    latest = _latest(tx, run_id, {point.name for point in points if point.run == run_id})
                    tx.execute("UPDATE runs SET metrics = ? WHERE id = ?", json_text({**run.metrics, **latest}), run_id)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        with self.database.write() as tx:
            _tag(tx, _get(tx, run_id), tags)

    def accept_alerts(self, run_id: str, alerts: Sequence[str], *, actor: str) -> None:
        with self.database.write() as tx:
            run = _get(tx, run_id)
            _tag(tx, run, {"accepted_alerts": ",".join(alerts)})
            tx.event(actor, "run.alerts_accepted", run.id, {"pipeline": run.pipeline, "alerts": list(alerts)})

    def get_run(self, run_id: str) -> Run:
        return _get(self.database.read(), run_id)

    def find_by_key(self, key: str) -> Run | None:
        return self.database.read().one(Run, "SELECT * FROM runs WHERE key = ?", key)

    def list_runs(
        self, *, pipeline: str | None = None, status: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[Run]:
        return self.database.read().all(
            Run,
            "SELECT * FROM runs WHERE (CAST(? AS TEXT) IS NULL OR pipeline = ?) "
            "AND (CAST(? AS TEXT) IS NULL OR status = ?) AND (CAST(? AS TEXT) IS NULL OR id < ?) "
            "ORDER BY id DESC LIMIT ?",
            pipeline, pipeline, status, status, before, before, limit,
        )  # fmt: skip

    def list_tasks(self, run_id: str, *, items: bool = True) -> list[TaskRun]:
        chosen = "" if items else "AND (node NOT LIKE '%]' OR status = 'failed') "
        return self.database.read().all(
            TaskRun, f"SELECT * FROM task_runs WHERE run = ? {chosen}ORDER BY started_at, node", run_id
        )

    def find_task(self, run_id: str, node: str) -> TaskRun | None:
        return self.database.read().one(TaskRun, "SELECT * FROM task_runs WHERE run = ? AND node = ?", run_id, node)

    def find_producers(self, digest: str) -> list[TaskRun]:
        return self.database.read().all(
            TaskRun,
            "SELECT t.* FROM task_runs t JOIN task_outputs o ON o.run = t.run AND o.node = t.node "
            "WHERE o.digest = ? ORDER BY t.started_at DESC",
            digest,
        )

    def record_environment(self, environment: Environment) -> None:
        with self.database.write() as tx:
            _record_environment(tx, environment)

    def get_environment(self, digest: str) -> Environment:
        found = self.database.read().one(Environment, "SELECT * FROM environments WHERE digest = ?", digest)
        if found is None:
            raise NotFound(f"There is no environment {digest!r}.")
        return found

    def list_metrics(self, run_id: str, name: str | None = None) -> list[MetricPoint]:
        return self.database.read().all(
            MetricPoint,
            "SELECT * FROM metric_points WHERE run = ? AND (CAST(? AS TEXT) IS NULL OR name = ?) "
            "ORDER BY name, step, at",
            run_id, name, name,
        )  # fmt: skip

    def count_days(self, *, since: datetime, pipeline: str | None = None) -> list[DayOfRuns]:
        return count_days(self.database.read(), since, pipeline)

    def list_promotions(self, *, since: datetime, pipeline: str | None = None) -> list[Promotion]:
        return list_promotions(self.database.read(), since, pipeline)


def _record_environment(tx: Transaction, environment: Environment) -> None:
    if tx.execute("SELECT 1 FROM environments WHERE digest = ?", environment.digest).fetchone() is None:
        tx.insert("environments", environment)


def _latest(tx: Transaction, run_id: str, names: Iterable[str]) -> dict[str, float]:
    newest = "SELECT * FROM metric_points WHERE run = ? AND name = ? ORDER BY step DESC, at DESC LIMIT 1"
    found = [tx.one(MetricPoint, newest, run_id, name) for name in sorted(names)]
    return {point.name: point.value for point in found if point is not None}


def _tag(tx: Transaction, run: Run, tags: Mapping[str, str]) -> None:
    tx.execute("UPDATE runs SET tags = ? WHERE id = ?", json_text({**run.tags, **tags}), run.id)


def _get(tx: Transaction, run_id: str) -> Run:
    whole = tx.one(Run, "SELECT * FROM runs WHERE id = ?", run_id)
    if whole is not None:
        return whole
    found = tx.all(Run, "SELECT * FROM runs WHERE substr(id, 1, ?) = ? LIMIT 2", len(run_id), run_id)
    if len(found) != 1 or not run_id:
        raise NotFound(
            f"{'No run has' if not found else 'Several runs have'} an id beginning with {run_id!r}; "
            "`trivium runs list` shows them."
        )
    return found[0]
