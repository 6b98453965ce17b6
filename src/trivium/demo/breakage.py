"""Chapter 5: upstream breaks for a day, and is repaired."""

from __future__ import annotations

from rich.markup import escape

from trivium.demo.release import show_gate
from trivium.demo.stage import Stage
from trivium.demo.training import registered
from trivium.tables.lookup import lookup_rows
from trivium.triggers.worker import tick
from trivium.values.tables import Commit


def tell_breakage(stage: Stage) -> None:
    """The morning on which the retraining is due, the temperature arrives in Celsius."""
    stage.narrator.chapter(5, f"On {stage.calendar.broken:%B %d} upstream breaks: Celsius, and lower-case carriers")
    show_commit(stage, stage.deliver_weather(stage.calendar.broken))
    tick(stage.store, [stage.cast.lateness])
    for firing in stage.store.catalog.triggers.list_firings(limit=1):
        stage.narrator.say(f"Retraining, due today, is [yellow]{firing.state}[/]: {escape(firing.reason)}")
    if firing_state(stage) == "refused":
        last = lookup_rows(stage.store, stage.cast.weather.name, ["JFK"])[0]
        temp = (last.values or {}).get("temp")
        stage.narrator.say(
            f"The endpoint goes on with the last good features: weather@{last.version}, "
            f"JFK as of {last.at[:16]} at {temp:.0f} °F."
        )


def tell_repair(stage: Stage) -> None:
    """The next morning the flights of the broken day arrive broken too; then both are repaired."""
    broken, store = stage.calendar.broken, stage.store
    show_commit(stage, stage.deliver_flights(broken))
    for quarantined, repaired in (
        (stage.deliver_weather(broken), stage.deliver_weather(broken, repaired=True)),
        (stage.deliver_flights(broken), stage.deliver_flights(broken, repaired=True)),
    ):
        if store.catalog.tables.get_commit(quarantined.id).state == "quarantined":
            store.catalog.tables.settle(
                quarantined.id, release=False, because="upstream delivered the day again", actor=store.actor
            )
        stage.narrator.say(
            f"{repaired.table} of {repaired.partitions[0]} repaired and committed again: "
            f"[green]{repaired.state}[/], version {repaired.version}."
        )
    tick(store, [stage.cast.lateness])
    for firing in store.catalog.triggers.list_firings(limit=1):
        run = store.catalog.runs.get_run(firing.run) if firing.run else None
        if run is not None:
            model = registered(stage, run)
            reads = ", ".join(f"{read.table}@{read.version}" for read in run.inputs)
            stage.narrator.say(f"The retraining ran: {reads} → {model.name} version {model.version}.")
            show_gate(stage, model)


def show_commit(stage: Stage, commit: Commit) -> None:
    """The commit's state, and the alerts that it raised."""
    state = stage.store.catalog.tables.get_commit(commit.id).state
    stage.narrator.say(f"Commit of {commit.table} for {commit.partitions[0]}: [red]{state}[/]")
    for alert in stage.store.catalog.alerts.list_alerts(table=commit.table, partition=commit.partitions[0]):
        if alert.commit == commit.id:
            stage.narrator.say(
                f"  alert {alert.id[-6:]} on [b]{alert.table}.{alert.column}[/]: {escape(alert.message)}"
            )


def firing_state(stage: Stage) -> str:
    """The state of the newest firing."""
    return next((firing.state for firing in stage.store.catalog.triggers.list_firings(limit=1)), "")
