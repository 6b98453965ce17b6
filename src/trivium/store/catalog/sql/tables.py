"""Tables over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from trivium.errors import Misuse, NotFound, VersionConflict
from trivium.ids import checked_name
from trivium.store.catalog.columns import merge_columns
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.rows import from_json
from trivium.store.catalog.tables import Draft
from trivium.values.alerts import Alert, Judgement, Profile
from trivium.values.tables import Commit, DataFile, TableSpec

NEWEST = 'SELECT * FROM commits WHERE "table" = ? AND version IS NOT NULL ORDER BY version DESC LIMIT 1'


class SqlTables:
    """Implements `Tables`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def declare(self, spec: TableSpec, *, actor: str) -> TableSpec:
        checked_name(spec.name, "table")
        if self.find_spec(spec.name) == spec:
            return spec
        with self.database.write() as tx:
            before = tx.one(TableSpec, "SELECT * FROM table_specs WHERE name = ?", spec.name)
            if before is not None and (before.time, before.every) != (spec.time, spec.every):
                raise Misuse(
                    f"Table {spec.name!r} is partitioned by {before.time!r} every {before.every!r}; that cannot change "
                    f"to {spec.time!r} every {spec.every!r} once declared. Declare a table of another name."
                )
            tx.replace("table_specs", spec)
            detail = {"checks": [check.name for check in spec.checks], "owner": spec.owner}
            tx.event(actor, "table.declared" if before is None else "table.changed", spec.name, detail)
        return spec

    def get_spec(self, name: str) -> TableSpec:
        spec = self.find_spec(name)
        if spec is None:
            known = ", ".join(each.name for each in self.list_specs()) or "none yet"
            raise NotFound(f"There is no table {name!r}. Tables: {known}.")
        return spec

    def find_spec(self, name: str) -> TableSpec | None:
        return self.database.read().one(TableSpec, "SELECT * FROM table_specs WHERE name = ?", name)

    def list_specs(self) -> list[TableSpec]:
        return self.database.read().all(TableSpec, "SELECT * FROM table_specs ORDER BY name")

    def publish(self, draft: Draft, *, actor: str) -> Commit:
        commit = draft.commit
        with self.database.write() as tx:
            if commit.idempotency_key is not None:
                known = _by_key(tx, commit.table, commit.idempotency_key)
                if known is not None:
                    return known
            newest = tx.one(Commit, NEWEST, commit.table)
            _refuse_conflict(draft, newest)
            if commit.state == "quarantined":
                stored = msgspec.structs.replace(commit, rows=_added_rows(commit))
                tx.insert("commits", stored)
            else:
                stored = _publish(tx, commit, newest)
            for judgement in draft.judgements:
                tx.insert("judgements", judgement, commit_id=commit.id, table=commit.table)
            if stored.version is not None:
                _resolve_partitions(tx, stored, actor)
            tx.event(actor, EVENT_OF_STATE[commit.state], commit.table, _detail(stored))
            for alert in draft.alerts:
                tx.insert("alerts", alert)
                _announce(tx, alert, actor)
        return stored

    def settle(self, commit_id: str, *, release: bool, because: str, actor: str) -> Commit:
        with self.database.write() as tx:
            commit = tx.one(Commit, "SELECT * FROM commits WHERE id = ?", commit_id)
            if commit is None:
                raise NotFound(f"There is no commit {commit_id!r}.")
            if commit.state != "quarantined":
                raise Misuse(
                    f"Commit {commit_id} of {commit.table} is {commit.state}; only a quarantined one is settled."
                )
            if release:
                _refuse_stale(tx, commit)
                newest = tx.one(Commit, NEWEST, commit.table)
                tx.execute("DELETE FROM commits WHERE id = ?", commit_id)
                settled = _publish(tx, msgspec.structs.replace(commit, state="flagged"), newest)
            else:
                settled = msgspec.structs.replace(commit, state="discarded")
                tx.replace("commits", settled)
            for alert in tx.all(Alert, "SELECT * FROM alerts WHERE \"commit\" = ? AND state = 'open'", commit_id):
                _resolve(tx, alert, f"{'released' if release else 'discarded'}: {because}", actor)
            verb = "table.released" if release else "table.discarded"
            tx.event(actor, verb, commit.table, {**_detail(settled), "because": because})
        return settled

    def find_commit(self, table: str, idempotency_key: str) -> Commit | None:
        return _by_key(self.database.read(), table, idempotency_key)

    def get_commit(self, commit_id: str) -> Commit:
        commit = self.database.read().one(Commit, "SELECT * FROM commits WHERE id = ?", commit_id)
        if commit is None:
            raise NotFound(f"There is no commit {commit_id!r}.")
        return commit

    def find_version(self, table: str, version: int | None = None) -> Commit | None:
        if version is None:
            return self.database.read().one(Commit, NEWEST, table)
        return self.database.read().one(
            Commit, 'SELECT * FROM commits WHERE "table" = ? AND version = ?', table, version
        )

    def list_commits(self, table: str, *, limit: int = 50, before: str | None = None) -> list[Commit]:
        return self.database.read().all(
            Commit,
            'SELECT * FROM commits WHERE "table" = ? AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?',
            table, before, before, limit,
        )  # fmt: skip

    def files(self, table: str, version: int) -> list[DataFile]:
        return self.database.read().all(
            DataFile,
            'SELECT * FROM files WHERE "table" = ? AND added_version <= ? '
            "AND (removed_version IS NULL OR removed_version > ?) ORDER BY partition, added_version, path",
            table, version, version,
        )  # fmt: skip

    def judgements(self, commit_id: str) -> list[Judgement]:
        return self.database.read().all(
            Judgement, "SELECT * FROM judgements WHERE commit_id = ? ORDER BY partition", commit_id
        )

    def profiles(self, table: str, *, after: int = 0, limit: int = 400) -> list[Profile]:
        rows = self.database.read().execute(
            "SELECT j.profile, MAX(c.version) AS newest FROM judgements j JOIN commits c ON c.id = j.commit_id "
            'WHERE c."table" = ? AND c.version > ? '
            "GROUP BY j.partition ORDER BY j.partition DESC LIMIT ?",
            table, after, limit,
        )  # fmt: skip
        return [from_json(Profile, row["profile"]) for row in reversed(rows.fetchall())]

    def list_latest(self) -> list[Commit]:
        return self.database.read().all(
            Commit,
            'SELECT c.* FROM commits c JOIN (SELECT "table" AS name, MAX(version) AS newest FROM commits '
            'GROUP BY "table") n ON c."table" = n.name AND c.version = n.newest ORDER BY c."table"',
        )


class SqlAlerts:
    """Implements `Alerts`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, judged: Sequence[Alert], *, resolved: Sequence[str], because: str, actor: str) -> list[Alert]:
        opened = []
        with self.database.write() as tx:
            for alert in judged:
                known = tx.execute(
                    'SELECT 1 FROM alerts WHERE "table" = ? AND "check" = ? AND "column" IS ? AND partition = ? '
                    "AND state = 'open'",
                    alert.table, alert.check, alert.column, alert.partition,
                ).fetchone()  # fmt: skip
                if known is None:
                    tx.insert("alerts", alert)
                    _announce(tx, alert, actor)
                    opened.append(alert)
            for alert_id in resolved:
                alert_now = tx.one(Alert, "SELECT * FROM alerts WHERE id = ? AND state = 'open'", alert_id)
                if alert_now is not None:
                    _resolve(tx, alert_now, because, actor)
        return opened

    def get_alert(self, alert_id: str) -> Alert:
        return _get_alert(self.database.read(), alert_id)

    def list_alerts(
        self, *, table: str | None = None, state: str | None = None, partition: str | None = None, limit: int = 200
    ) -> list[Alert]:
        return self.database.read().all(
            Alert,
            'SELECT * FROM alerts WHERE (? IS NULL OR "table" = ?) AND (? IS NULL OR state = ?) '
            "AND (? IS NULL OR partition = ?) ORDER BY id DESC LIMIT ?",
            table, table, state, state, partition, partition, limit,
        )  # fmt: skip

    def list_blocking(self, tables: Sequence[str]) -> list[Alert]:
        marks = ", ".join("?" * len(tables))
        return self.database.read().all(
            Alert,
            f"SELECT * FROM alerts WHERE state = 'open' AND severity = 'block' AND \"table\" IN ({marks}) ORDER BY id",  # noqa: S608 # only question marks are put in
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
                judged = _resolve(tx, judged, f"dismissed: {because}", actor)
        return judged


EVENT_OF_STATE = {"valid": "table.committed", "flagged": "table.committed", "quarantined": "table.quarantined"}


def _by_key(tx: Transaction, table: str, key: str) -> Commit | None:
    return tx.one(Commit, 'SELECT * FROM commits WHERE "table" = ? AND idempotency_key = ?', table, key)


def _get_alert(tx: Transaction, alert_id: str) -> Alert:
    found = tx.all(Alert, "SELECT * FROM alerts WHERE substr(id, 1, ?) = ? LIMIT 2", len(alert_id), alert_id)
    if len(found) != 1 or not alert_id:
        raise NotFound(f"{'No alert has' if not found else 'Several alerts have'} an id beginning with {alert_id!r}.")
    return found[0]


def _refuse_stale(tx: Transaction, commit: Commit) -> None:
    """An overwrite that waited in quarantine replaces exactly what it saw, or nothing."""
    marks = ", ".join("?" * len(commit.partitions))
    live = tx.execute(
        f'SELECT path FROM files WHERE "table" = ? AND partition IN ({marks}) AND removed_version IS NULL',  # noqa: S608 # only question marks are put in
        commit.table, *commit.partitions,
    )  # fmt: skip
    if commit.operation == "overwrite" and {row["path"] for row in live} != set(commit.removed):
        raise VersionConflict(
            f"Somebody wrote to {', '.join(commit.partitions)} of table {commit.table!r} after commit {commit.id} was "
            "quarantined; discard it, and repeat the overwrite."
        )


def _refuse_conflict(draft: Draft, newest: Commit | None) -> None:
    current = 0 if newest is None else newest.version
    if draft.base is not None and draft.base != current:
        raise VersionConflict(
            f"Table {draft.commit.table!r} went from version {draft.base} to {current} meanwhile; "
            f"read it again and repeat the {draft.commit.operation}."
        )


def _publish(tx: Transaction, commit: Commit, newest: Commit | None) -> Commit:
    version = 1 if newest is None or newest.version is None else newest.version + 1
    columns = merge_columns(commit.table, newest.columns if newest is not None else (), commit.columns)
    removed_rows = 0
    for path in commit.removed:
        removed_rows += tx.execute("SELECT rows FROM files WHERE path = ?", path).fetchone()["rows"]
        tx.execute("UPDATE files SET removed_version = ? WHERE path = ?", version, path)
    for file in commit.added:
        tx.insert("files", file, table=commit.table, added_version=version)
    rows = (newest.rows if newest is not None else 0) + _added_rows(commit) - removed_rows
    stored = msgspec.structs.replace(commit, version=version, rows=rows, columns=columns)
    tx.insert("commits", stored)
    return stored


def _added_rows(commit: Commit) -> int:
    return sum(file.rows for file in commit.added)


def _detail(commit: Commit) -> dict[str, object]:
    return {
        "commit": commit.id, "version": commit.version, "state": commit.state, "partitions": list(commit.partitions),
        "rows": _added_rows(commit), "run": commit.run,
    }  # fmt: skip


def _resolve_partitions(tx: Transaction, commit: Commit, actor: str) -> None:
    for partition in commit.partitions:
        for alert in tx.all(
            Alert,
            'SELECT * FROM alerts WHERE "table" = ? AND partition = ? AND state = \'open\' AND "commit" IS NOT NULL',
            commit.table, partition,
        ):  # fmt: skip
            _resolve(
                tx,
                alert,
                f"partition {partition} was committed again as {commit.state} (version {commit.version})",
                actor,
            )


def _resolve(tx: Transaction, alert: Alert, because: str, actor: str) -> Alert:
    moment: datetime = tx.clock()
    resolved = msgspec.structs.replace(alert, state="resolved", resolved_at=moment, resolved_because=because)
    tx.replace("alerts", resolved)
    tx.event(actor, "alert.resolved", alert.id, {"table": alert.table, "column": alert.column, "because": because})
    return resolved


def _announce(tx: Transaction, alert: Alert, actor: str) -> None:
    detail = {"table": alert.table, "column": alert.column, "partition": alert.partition, "severity": alert.severity}
    tx.event(actor, "alert.opened", alert.id, {**detail, "check": alert.check, "message": alert.message})
