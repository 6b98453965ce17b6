"""Chapter 1: eight months of history become versioned, checked tables."""

from __future__ import annotations

from collections import Counter

from rich.markup import escape

from trivium.demo.calendar import SEPTEMBER
from trivium.demo.stage import Stage

GALE = "2013-02-12"  # a wind of 1,048 miles an hour at Newark


def tell_history(stage: Stage) -> None:
    """January to August is committed, a day a partition."""
    say = stage.narrator.say
    stage.narrator.chapter(1, "Eight months of data become tables")
    stage.deliver_planes()
    for day in stage.narrator.track(stage.calendar.history, "committing January to August"):
        stage.deliver_weather(day)
        stage.deliver_flights(day)
    rows = []
    for table in (stage.cast.flights, stage.cast.weather, stage.cast.planes):
        latest = table.get_latest(store=stage.store)
        judged = Counter(commit.state for commit in stage.store.catalog.tables.list_commits(table.name, limit=1000))
        states = ", ".join(f"{count} {state}" for state, count in sorted(judged.items()))
        rows.append((table.name, latest.version, f"{latest.rows:,}", states, len(table.spec.checks)))
    stage.narrator.show(("table", "version", "rows", "commits", "declared checks"), rows)
    say("Every column is also watched: what is normal is learned from each partition's profile, no threshold typed.")
    show_flagged(stage)
    show_profile(stage)


def show_flagged(stage: Stage) -> None:
    """How many days were flagged, and the alarm about the wind, which is a real error in the public data."""
    alerts = stage.store.catalog.alerts.list_alerts(limit=1000)
    before = [alert for alert in alerts if alert.partition < SEPTEMBER.isoformat()]
    days = {(alert.table, alert.partition) for alert in before}
    stage.narrator.say(f"{len(days)} of {2 * len(stage.calendar.history)} partitions were flagged, none kept aside.")
    for alert in before:
        if (alert.column, alert.partition) == ("wind_speed", GALE):
            message = escape(alert.message)
            stage.narrator.say(f"One is a true error in the public data: {alert.table} of {alert.partition}, {message}")


def show_profile(stage: Stage) -> None:
    """A few columns of the newest partition, as profiled at its commit."""
    profile = stage.store.catalog.tables.profiles(stage.cast.weather.name, limit=1)[-1]
    rows = []
    for column in profile.columns:
        facts = column.facts
        if "median" in facts and column.name in ("temp", "humid", "wind_speed", "visib"):
            spread = f"{facts['minimum']:.1f} to {facts['maximum']:.1f}"
            rows.append((column.name, f"{1 - facts['null_rate']:.0%}", f"{facts['median']:.1f}", spread))
    stage.narrator.say(f"The profile of [b]{profile.table}[/] on {profile.partition} ({profile.rows} rows):")
    stage.narrator.show(("column", "coverage", "median", "range"), rows)
