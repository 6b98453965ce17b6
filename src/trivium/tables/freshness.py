"""Tables grow old: one that its check of freshness finds too old has an open alert, also when nothing is committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from trivium.checks.alert import raise_alerts
from trivium.checks.kinds.fresh import judge_fresh
from trivium.checks.kinds.outcome import as_result
from trivium.store.store import Store
from trivium.values.alerts import Alert, CheckResult, Judgement, Profile
from trivium.values.tables import TableSpec

KIND = "fresh"
WATCHER = "freshness"


class NewestEvents:
    """(version, partition, newest event time) of the tables that were looked at; rows are read once for a version."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, str, datetime | None]] = {}


def watch_freshness(store: Store) -> list[Alert]:
    """Each check of freshness has an open alert exactly when its table is too old now. Returns the alerts this opened.

    One that a person dismissed stays dismissed until the table has a newer partition. When nothing changed, nothing is
    written.
    """
    watched = [spec for spec in store.catalog.tables.list_specs() if spec.time and _fresh_checks(spec)]
    return [alert for spec in watched for alert in _watch_table(store, spec)]


def _fresh_checks(spec: TableSpec) -> bool:
    return any(check.kind == KIND for check in spec.checks)


def _watch_table(store: Store, spec: TableSpec) -> list[Alert]:
    partition, results = _judge_age(store, spec)
    known = [each for each in store.catalog.alerts.list_alerts(table=spec.name, limit=1000) if each.kind == KIND]
    settled = {
        each.check
        for each in known
        if each.state == "open" or (each.verdict == "false_alarm" and each.partition == partition)
    }
    passed = {result.check for result in results if result.passed}
    over = [each.id for each in known if each.state == "open" and each.check in passed]
    failed = tuple(each for each in results if not each.passed and each.check not in settled)
    judgement = Judgement(partition, "flagged", Profile(spec.name, partition, 0, ()), failed)
    begun = raise_alerts(spec, [judgement], commit=None, now=store.clock(), ids=store.ids)
    if not (begun or over):
        return []
    because = f"{spec.name} is fresh again"
    return store.catalog.alerts.record(begun, resolved=over, because=because, actor=WATCHER)


def _judge_age(store: Store, spec: TableSpec) -> tuple[str, Sequence[CheckResult]]:
    """The newest partition, and what the checks of freshness say of it now; nothing of a table without a version."""
    version = store.catalog.tables.newest_version(spec.name)
    partition, newest = _newest_event(store, spec, version) if version else ("", None)
    if newest is None:
        return partition, ()
    rows, now = pl.DataFrame({str(spec.time): [newest]}), store.clock()
    checks = [check for check in spec.checks if check.kind == KIND]
    judged = [(check, judge_fresh(check, rows, spec.time, now)) for check in checks]
    return partition, [as_result(check, partition, outcome, column=spec.time) for check, outcome in judged]


def _newest_event(store: Store, spec: TableSpec, version: int) -> tuple[str, datetime | None]:
    known = store.kept.get(NewestEvents).known
    if spec.name not in known or known[spec.name][0] != version:
        profiles = store.catalog.tables.profiles(spec.name, limit=1)
        partition = profiles[-1].partition if profiles else ""
        files = store.catalog.tables.files(spec.name, version, [partition])
        moments = store.lake.scan(files).select(pl.col(str(spec.time)).max()).collect() if files else pl.DataFrame()
        known[spec.name] = version, partition, moments.item() if files else None
    return known[spec.name][1], known[spec.name][2]
