"""Alerts over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from trivium.errors import NotFound
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.rows import iso
from trivium.values.alerts import Alert, AlertCount, Finding

AGE = "fresh"
MOST_VERDICTS = 1_000
OPENED = 'opened_at >= ? AND (CAST(? AS TEXT) IS NULL OR "table" = ?)'
JUDGED = '"table" = ? AND kind = ? AND verdict IS NOT NULL ORDER BY id DESC LIMIT ?'
LIKE = '"table" = ? AND "check" = ? AND COALESCE("column", \'\') = ?'


class SqlAlerts:
    """Implements `Alerts`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, judged: Sequence[Alert], *, resolved: Sequence[str], because: str, actor: str) -> list[Alert]:
        opened = []
        with self.database.write() as tx:
            for alert in judged:
                known = tx.execute(
                    f"SELECT 1 FROM alerts WHERE {LIKE} AND partition = ? AND state = 'open'",
                    *_likeness(alert), alert.partition,
                ).fetchone()  # fmt: skip
                if known is None:
                    open_alert(tx, alert, actor)
                    opened.append(alert)
            for alert_id in resolved:
                alert_now = tx.one(Alert, "SELECT * FROM alerts WHERE id = ? AND state = 'open'", alert_id)
                if alert_now is not None:
                    resolve_alert(tx, alert_now, because, actor)
        return opened

    def get_alert(self, alert_id: str) -> Alert:
        return _get_alert(self.database.read(), alert_id)

    def list_alerts(
        self, *, table: str | None = None, state: str | None = None, partition: str | None = None, limit: int = 200
    ) -> list[Alert]:
        return self.database.read().all(
            Alert,
            'SELECT * FROM alerts WHERE (CAST(? AS TEXT) IS NULL OR "table" = ?) AND (CAST(? AS TEXT) IS NULL OR '
            "state = ?) AND (CAST(? AS TEXT) IS NULL OR partition = ?) "
            "ORDER BY opened_at DESC, partition DESC, id DESC LIMIT ?",
            table, table, state, state, partition, partition, limit,
        )  # fmt: skip

    def list_about(self, table: str, version: int) -> list[Alert]:
        return self.database.read().all(
            Alert,
            'SELECT a.* FROM alerts a LEFT JOIN commits c ON c.id = a."commit" LEFT JOIN commits f ON f.id = '
            "c.diverted_from WHERE a.\"table\" = ? AND a.state = 'open' AND (a.muted_until IS NULL OR "
            "a.muted_until <= ?) AND (COALESCE(c.version, f.version) <= ? OR (a.\"commit\" IS NULL AND a.kind = ? "
            'AND ? = (SELECT MAX(version) FROM commits WHERE "table" = ?))) ORDER BY a.id',
            table, iso(self.database.clock()), version, AGE, version, table,
        )  # fmt: skip

    def list_blocking(self, tables: Sequence[str]) -> list[Alert]:
        if not tables:
            return []
        marks = ", ".join("?" * len(tables))
        return self.database.read().all(
            Alert,
            f"SELECT * FROM alerts WHERE state = 'open' AND severity = 'block' AND \"table\" IN ({marks}) ORDER BY id",
            *tables,
        )

    def verdicts(self, table: str, kind: str) -> dict[str, Finding]:
        rows = self.database.read().execute(
            f"SELECT id, verdict FROM alerts WHERE {JUDGED}", table, kind, MOST_VERDICTS
        )
        return {row["id"]: row["verdict"] for row in rows}

    def list_judged(self, table: str, kind: str) -> list[Alert]:
        found = self.database.read().all(Alert, f"SELECT * FROM alerts WHERE {JUDGED}", table, kind, MOST_VERDICTS)
        return found[::-1]

    def count_open(self) -> dict[str, int]:
        rows = self.database.read().execute(
            'SELECT "table", COUNT(*) AS alerts FROM alerts WHERE state = \'open\' GROUP BY "table"'
        )
        return {row["table"]: row["alerts"] for row in rows}

    def count_by_column(self, *, table: str | None = None, since: datetime) -> list[AlertCount]:
        return self.database.read().all(
            AlertCount,
            f'SELECT "table", "column", kind, verdict, COUNT(*) AS alerts FROM alerts WHERE {OPENED} '
            'GROUP BY "table", "column", kind, verdict ORDER BY alerts DESC, "table", "column", kind, verdict',
            iso(since), table, table,
        )  # fmt: skip

    def count_by_day(self, *, table: str | None = None, since: datetime) -> dict[str, int]:
        rows = self.database.read().execute(
            f"SELECT substr(opened_at, 1, 10) AS day, COUNT(*) AS alerts FROM alerts WHERE {OPENED} "
            "GROUP BY substr(opened_at, 1, 10) ORDER BY 1",
            iso(since), table, table,
        )  # fmt: skip
        return {row["day"]: row["alerts"] for row in rows}

    def judge(self, alert_id: str, *, true_alarm: bool, because: str, actor: str) -> Alert:
        with self.database.write() as tx:
            alert = _get_alert(tx, alert_id)
            judged = msgspec.structs.replace(
                alert, verdict="true_alarm" if true_alarm else "false_alarm", verdict_by=actor, verdict_because=because
            )
            tx.replace("alerts", judged)
            verb = "alert.confirmed" if true_alarm else "alert.dismissed"
            tx.event(actor, verb, alert.id, {"table": alert.table, "column": alert.column, "because": because})
            if not true_alarm and judged.state == "open":
                judged = resolve_alert(tx, judged, f"dismissed: {because}", actor)
        return judged

    def mute(self, alert_id: str, *, until: datetime, because: str, actor: str) -> Alert:
        with self.database.write() as tx:
            muted = msgspec.structs.replace(_get_alert(tx, alert_id), muted_until=until)
            tx.execute(f"UPDATE alerts SET muted_until = ? WHERE {LIKE}", iso(until), *_likeness(muted))
            detail = {"table": muted.table, "check": muted.check, "column": muted.column, "because": because}
            tx.event(actor, "alert.muted", muted.id, {**detail, "until": iso(until)})
        return muted


def open_alert(tx: Transaction, alert: Alert, actor: str) -> None:
    """The alert is recorded, with its event; it is as muted as those like it."""
    like = tx.one(Alert, f"SELECT * FROM alerts WHERE {LIKE} ORDER BY id DESC LIMIT 1", *_likeness(alert))
    if like is not None:
        alert = msgspec.structs.replace(alert, muted_until=like.muted_until)
    # Its message may quote a row, and events can never be changed: what is erased must not be in them.
    tx.insert("alerts", alert)
    detail = {"table": alert.table, "column": alert.column, "partition": alert.partition, "severity": alert.severity}
    tx.event(actor, "alert.opened", alert.id, {**detail, "check": alert.check})


def resolve_alert(tx: Transaction, alert: Alert, because: str, actor: str) -> Alert:
    """The alert is resolved for this reason, with its event."""
    moment: datetime = tx.clock()
    resolved = msgspec.structs.replace(alert, state="resolved", resolved_at=moment, resolved_because=because)
    tx.replace("alerts", resolved)
    tx.event(actor, "alert.resolved", alert.id, {"table": alert.table, "column": alert.column, "because": because})
    return resolved


def _likeness(alert: Alert) -> tuple[str, str, str]:
    """What alerts have in common that are muted together."""
    return alert.table, alert.check, alert.column or ""


def _get_alert(tx: Transaction, alert_id: str) -> Alert:
    found = tx.all(Alert, "SELECT * FROM alerts WHERE substr(id, 1, ?) = ? LIMIT 2", len(alert_id), alert_id)
    if len(found) != 1 or not alert_id:
        raise NotFound(f"{'No alert has' if not found else 'Several alerts have'} an id beginning with {alert_id!r}.")
    return found[0]
