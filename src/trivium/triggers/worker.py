"""The worker: looks at new events, fires triggers, and runs what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from trivium.errors import BlockedByAlert, TriviumError
from trivium.failpoints import failpoint
from trivium.lineage.openlineage.emit import emit_in_tick
from trivium.pipelines.inputs import describe_alerts
from trivium.pipelines.pipeline import Pipeline
from trivium.store.audit.due import checkpoint_if_due
from trivium.store.store import Store
from trivium.tables.freshness import watch_freshness
from trivium.tables.partition_name import is_due
from trivium.tables.split_age import watch_splits
from trivium.values.alerts import Alert
from trivium.values.events import Event, Firing, FiringState, TriggerSpec
from trivium.values.runs import Run

BATCH = 1000
UNFINISHED: tuple[FiringState, ...] = ("running", "refused", "pending")


def declare_triggers(store: Store, pipelines: Iterable[Pipeline[..., Any]]) -> list[TriggerSpec]:
    """The triggers declared beside these pipelines are known; events from now on fire them."""
    return [
        store.catalog.triggers.declare(spec, actor=store.actor) for pipeline in pipelines for spec in pipeline.triggers
    ]


def tick(store: Store, pipelines: Sequence[Pipeline[..., Any]]) -> list[Firing]:
    """New events have been looked at, and every firing that could act has acted. Returns the firings that changed.

    A firing whose inputs have open blocking alerts is refused with that reason, and tried again when the alerts change.
    A firing that was running when the process died is resumed under the same run. Splits and tables
    that grew too old have an alert. Lineage goes to its receiver, if the settings name one. The audit
    log has a checkpoint of the last hour.
    """
    for spec in store.catalog.triggers.list_triggers():
        if not spec.paused:
            look_at_events(store, spec)
    by_name = {pipeline.name: pipeline for pipeline in pipelines}
    waiting = [firing for state in UNFINISHED for firing in reversed(store.catalog.triggers.list_firings(state=state))]
    acted = [_act(store, firing, by_name) for firing in waiting]
    watch_splits(store)
    watch_freshness(store)
    emit_in_tick(store)
    checkpoint_if_due(store)
    return [after for before, after in zip(waiting, acted, strict=True) if after != before]


def look_at_events(store: Store, spec: TriggerSpec) -> list[Firing]:
    """The trigger has met every event up to now; returns its new firings."""
    fired = []
    while True:
        events = store.catalog.events.list_events(
            after=store.catalog.triggers.cursor(spec.name), kind=spec.event, subject=spec.subject, limit=BATCH
        )
        for event in events:
            firing = store.catalog.triggers.fire(spec.name, event.seq, _firing(store, spec, event))
            fired += [firing] if firing else []
        if len(events) < BATCH:
            return fired


def _firing(store: Store, spec: TriggerSpec, event: Event) -> Firing | None:
    partition = str(max(event.detail.get("partitions", []), default=""))
    if spec.every is not None and not _is_due(store, spec, spec.every, partition):
        return None
    return Firing(
        id=store.ids(),
        trigger=spec.name,
        event=event.seq,
        state="pending",
        created_at=store.clock(),
        partition=partition,
        reason=f"{spec.event} of {spec.subject}, partition {partition}",
    )


def _is_due(store: Store, spec: TriggerSpec, every: str, partition: str) -> bool:
    """Whether nothing is under way, and the pipeline last read the table at least `every` of event time ago."""
    newest = next(iter(store.catalog.triggers.list_firings(trigger=spec.name, limit=1)), None)
    if newest is not None and newest.state in UNFINISHED:
        return False
    read = last_partition_read(store, spec.target, spec.subject)
    return read is None or is_due(read, partition, every)


def last_partition_read(store: Store, pipeline: str, table: str) -> str | None:
    """The newest partition of the table that the pipeline's last successful run read, or None."""
    run = next(iter(store.catalog.runs.list_runs(pipeline=pipeline, status="succeeded", limit=1)), None)
    versions = [read.version for read in run.inputs if read.table == table] if run else []
    commit = store.catalog.tables.find_version(table, versions[0]) if versions else None
    return max(commit.partitions) if commit else None


def _act(store: Store, firing: Firing, pipelines: dict[str, Pipeline[..., Any]]) -> Firing:
    spec = store.catalog.triggers.get_trigger(firing.trigger)
    pipeline = pipelines.get(spec.target)
    if pipeline is None:
        return _settle(store, firing, "failed", f"there is no pipeline {spec.target!r} in this project", None)
    blocking = store.catalog.alerts.list_blocking(pipeline.input_tables(**spec.arguments))
    if blocking:
        return _refuse(store, firing, pipeline, blocking, dict(spec.arguments))
    store.catalog.triggers.update_firing(firing.id, state="running", reason=firing.reason, run=firing.run, at=None)
    failpoint("trigger:running")
    try:
        run = pipeline.run(key=firing.id, trigger=firing.trigger, store=store, **spec.arguments)
    except BlockedByAlert as error:
        return _settle(store, firing, "refused", str(error), None)
    except TriviumError as error:
        return _settle(store, firing, "failed", str(error), None)
    return _settle(store, firing, "done", f"run {run.status}", run)


def _refuse(
    store: Store, firing: Firing, pipeline: Pipeline[..., Any], blocking: Sequence[Alert], arguments: dict[str, Any]
) -> Firing:
    """The first refusal leaves a refused run behind; a later look only keeps the reason up to date."""
    if firing.state != "refused":
        with suppress(BlockedByAlert):
            pipeline.run(key=f"{firing.id}/refused", trigger=firing.trigger, store=store, **arguments)
    return _settle(store, firing, "refused", describe_alerts(blocking), None)


def _settle(store: Store, firing: Firing, state: FiringState, reason: str, run: Run | None) -> Firing:
    return store.catalog.triggers.update_firing(
        firing.id,
        state=state,
        reason=reason,
        run=run.id if run else None,
        at=None if state == "refused" else store.clock(),
    )
