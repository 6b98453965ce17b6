"""Triggers over SQL."""

from __future__ import annotations

from datetime import datetime

import msgspec

from trivium.errors import NotFound
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.values.events import Firing, FiringState, TriggerSpec


class SqlTriggers:
    """Implements `Triggers`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def declare(self, spec: TriggerSpec, *, actor: str) -> TriggerSpec:
        with self.database.write() as tx:
            before = _find(tx, spec.name)
            if before is not None:
                spec = msgspec.structs.replace(spec, paused=before.paused)
            if before == spec:
                return spec
            if before is None:
                newest = tx.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0]
                tx.insert("triggers", spec, cursor=newest)
            else:
                cursor = tx.execute('SELECT "cursor" FROM triggers WHERE name = ?', spec.name).fetchone()[0]
                tx.replace("triggers", spec, cursor=cursor)
            detail = {"event": spec.event, "subject": spec.subject, "action": spec.action, "target": spec.target}
            tx.event(actor, "trigger.declared", spec.name, {**detail, "every": spec.every})
        return spec

    def pause(self, name: str, *, paused: bool, actor: str) -> TriggerSpec:
        with self.database.write() as tx:
            spec = msgspec.structs.replace(_get(tx, name), paused=paused)
            tx.execute("UPDATE triggers SET paused = ? WHERE name = ?", int(paused), name)
            tx.event(actor, "trigger.paused" if paused else "trigger.continued", name, {})
        return spec

    def get_trigger(self, name: str) -> TriggerSpec:
        return _get(self.database.read(), name)

    def list_triggers(self) -> list[TriggerSpec]:
        return self.database.read().all(TriggerSpec, "SELECT * FROM triggers ORDER BY name")

    def cursor(self, name: str) -> int:
        row = self.database.read().execute('SELECT "cursor" FROM triggers WHERE name = ?', name).fetchone()
        return 0 if row is None else int(row[0])

    def fire(self, name: str, event: int, firing: Firing | None) -> Firing | None:
        with self.database.write() as tx:
            tx.execute('UPDATE triggers SET "cursor" = ? WHERE name = ? AND "cursor" < ?', event, name, event)
            known = tx.one(Firing, 'SELECT * FROM firings WHERE "trigger" = ? AND event = ?', name, event)
            if known is not None or firing is None:
                return known
            tx.insert("firings", firing)
            tx.event(f"trigger:{name}", "trigger.fired", name, {"event": event, "firing": firing.id})
        return firing

    def update_firing(
        self, firing_id: str, *, state: FiringState, reason: str, run: str | None, at: datetime | None
    ) -> Firing:
        with self.database.write() as tx:
            before = tx.one(Firing, "SELECT * FROM firings WHERE id = ?", firing_id)
            if before is None:
                raise NotFound(f"There is no firing {firing_id!r}.")
            after = msgspec.structs.replace(
                before, state=state, reason=reason, run=run, ended_at=at,
                attempts=before.attempts + (state == "running"),
            )  # fmt: skip
            if after != before:
                tx.replace("firings", after)
            if (after.state, after.reason) != (before.state, before.reason):
                detail = {"firing": firing_id, "state": state, "reason": reason, "run": run}
                tx.event(f"trigger:{before.trigger}", "trigger.acted", before.trigger, detail)
        return after

    def list_firings(self, *, trigger: str | None = None, state: str | None = None, limit: int = 100) -> list[Firing]:
        return self.database.read().all(
            Firing,
            'SELECT * FROM firings WHERE (CAST(? AS TEXT) IS NULL OR "trigger" = ?) '
            "AND (CAST(? AS TEXT) IS NULL OR state = ?) ORDER BY id DESC LIMIT ?",
            trigger, trigger, state, state, limit,
        )  # fmt: skip


def _find(tx: Transaction, name: str) -> TriggerSpec | None:
    return tx.one(TriggerSpec, "SELECT * FROM triggers WHERE name = ?", name)


def _get(tx: Transaction, name: str) -> TriggerSpec:
    found = _find(tx, name)
    if found is None:
        raise NotFound(f"There is no trigger {name!r}; `trivium triggers list` shows what there is.")
    return found
