"""How fast people get on, counted by the database: no run is loaded, however many there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from trivium.store.catalog.sql.database import Transaction
from trivium.store.catalog.sql.elapsed import elapsed
from trivium.store.catalog.sql.rows import iso
from trivium.values.velocity import DayOfRuns, Promotion

CODE = "substr({run}code, 12, 64)"  # the digest: `Code` is stored as {"digest":"...
SOME = "(CAST(? AS TEXT) IS NULL OR r.pipeline = ?)"
SAVED = (
    f"SELECT SUM((SELECT {elapsed('e.started_at', 'e.ended_at')} FROM task_runs e WHERE e.key = t.key "
    "AND e.status = 'executed' ORDER BY e.started_at DESC LIMIT 1)) "
    "FROM task_runs t WHERE t.run = ? AND t.status = 'cached'"
)
RUNS = (
    "SELECT substr(r.started_at, 1, 10) AS day, r.pipeline, r.actor, COUNT(*) AS runs, "
    "SUM(CASE WHEN r.status = 'succeeded' THEN 1 ELSE 0 END) AS succeeded, 0 AS experiments, "
    "SUM(r.executed) AS executed, SUM(r.cached) AS cached, SUM(r.saved) AS saved, 0 AS triggered, 0.0 AS waited "
    f"FROM runs r WHERE r.started_at >= ? AND {SOME} GROUP BY substr(r.started_at, 1, 10), r.pipeline, r.actor "
    "ORDER BY 1, 2, 3"
)
EXPERIMENTS = (
    "SELECT substr(f.first, 1, 10) AS day, f.pipeline, substr(f.first, 28) AS actor, COUNT(*) AS experiments FROM ("
    "SELECT r.pipeline, MIN(r.started_at || r.actor) AS first "
    f"FROM runs r WHERE {SOME} GROUP BY {CODE.format(run='r.')}, r.parameters, r.pipeline "
    "HAVING MIN(r.started_at) >= ?) f GROUP BY substr(f.first, 1, 10), f.pipeline, substr(f.first, 28)"
)
WAITING = (
    "SELECT substr(r.started_at, 1, 10) AS day, r.pipeline, r.actor, COUNT(*) AS triggered, "
    f"SUM({elapsed('e.at', 'r.started_at')}) AS waited "
    "FROM firings f JOIN runs r ON r.key = f.id JOIN events e ON e.seq = f.event "
    f"WHERE r.started_at >= ? AND {SOME} GROUP BY substr(r.started_at, 1, 10), r.pipeline, r.actor"
)
PROMOTIONS = (
    "WITH promoted AS ("
    f"SELECT r.pipeline, {CODE.format(run='r.')} AS code, r.actor, v.name AS model, v.version, v.registered_at, "
    "MIN(c.changed_at) AS promoted_at, "
    "(SELECT MIN(a.decided_at) FROM approvals a WHERE a.model = v.name AND a.version = v.version) AS approved_at "
    "FROM alias_changes c JOIN model_versions v ON v.name = c.model AND v.version = c.version "
    f"JOIN runs r ON r.id = v.run WHERE c.alias = 'champion' AND {SOME} "
    f"GROUP BY r.pipeline, {CODE.format(run='r.')}, r.actor, v.name, v.version, v.registered_at"
    "), began AS ("
    f"SELECT pipeline, {CODE.format(run='')} AS code, MIN(started_at) AS first_run_at FROM runs "
    f"WHERE {CODE.format(run='')} IN (SELECT code FROM promoted) GROUP BY pipeline, {CODE.format(run='')}"
    ") SELECT p.*, b.first_run_at FROM promoted p JOIN began b ON b.pipeline = p.pipeline AND b.code = p.code "
    "ORDER BY p.promoted_at, p.model, p.version"
)


def saved_seconds(tx: Transaction, run_id: str) -> float:
    """How long the executions took whose results this run reused."""
    saved = tx.execute(SAVED, run_id).fetchone()[0]
    return 0.0 if saved is None else float(saved)


def count_days(tx: Transaction, since: datetime, pipeline: str | None) -> list[DayOfRuns]:
    """See `Runs.count_days`."""
    start = iso(since)
    days = {_who(day): day for day in tx.all(DayOfRuns, RUNS, start, pipeline, pipeline)}
    for row in tx.execute(EXPERIMENTS, pipeline, pipeline, start):
        _add(days, row, "experiments")
    for row in tx.execute(WAITING, start, pipeline, pipeline):
        _add(days, row, "triggered", "waited")
    return list(days.values())


def list_promotions(tx: Transaction, since: datetime, pipeline: str | None) -> list[Promotion]:
    """See `Runs.list_promotions`."""
    first: dict[tuple[str, str], Promotion] = {}
    for promotion in tx.all(Promotion, PROMOTIONS, pipeline, pipeline):
        first.setdefault((promotion.pipeline, promotion.code), promotion)
    return [promotion for promotion in first.values() if promotion.promoted_at >= since]


def _who(day: DayOfRuns) -> tuple[str, str, str]:
    return day.day, day.pipeline, day.actor


def _add(days: dict[tuple[str, str, str], DayOfRuns], row: Any, *names: str) -> None:
    """The row's counts are those of its day; a run that started since the days were counted is left out."""
    who = (row["day"], row["pipeline"], row["actor"])
    if who in days:
        days[who] = replace(days[who], **{name: row[name] for name in names})
