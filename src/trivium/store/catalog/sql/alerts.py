"""Alerts over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from trivium.errors import NotFound
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.values.alerts import Alert


class SqlAlerts:
    """Implements `Alerts`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, judged: Sequence[Alert], *, resolved: Sequence[str], because: str, actor: str) -> list[Alert]:
        opened = []
        with self.database.write() as tx:
            for alert in judged:
                known = tx.execute(
                    'SELECT 1 FROM alerts WHERE "table" = ? AND "check" = ? AND COALESCE("column", \'\') = ? '
                    "AND partition = ? AND state = 'open'",
                    alert.table, alert.check, alert.column or "", alert.partition,
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
            "state = ?) AND (CAST(? AS TEXT) IS NULL OR partition = ?) ORDER BY id DESC LIMIT ?",
            table, table, state, state, partition, partition, limit,
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


def open_alert(tx: Transaction, alert: Alert, actor: str) -> None:
    """The alert is recorded, with its event."""
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


def _get_alert(tx: Transaction, alert_id: str) -> Alert:
    found = tx.all(Alert, "SELECT * FROM alerts WHERE substr(id, 1, ?) = ? LIMIT 2", len(alert_id), alert_id)
    if len(found) != 1 or not alert_id:
        raise NotFound(f"{'No alert has' if not found else 'Several alerts have'} an id beginning with {alert_id!r}.")
    return found[0]
