"""Chapters 4 to 6: September arrives day by day."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from trivium.demo.breakage import tell_breakage, tell_repair
from trivium.demo.rollout import follow_candidates
from trivium.demo.stage import Stage
from trivium.tables.read import read_version
from trivium.triggers.worker import tick

KNOWN_BEFORE = ("flight_id", "scheduled_at", "carrier", "flight", "tail_number", "origin", "dest", "distance")


def tell_september(stage: Stage) -> None:
    """Every morning yesterday's truth and today's weather arrive; then every flight of the day is asked about."""
    stage.narrator.chapter(4, "September arrives day by day")
    for day in stage.calendar.september:
        live_a_day(stage, day)
    close_september(stage)


def close_september(stage: Stage) -> None:
    """The morning after the last day: its truth arrives, and decisions that waited for it are made."""
    last = stage.calendar.september[-1]
    stage.deliver_flights(last)
    stage.cast.live.watch(last.isoformat(), store=stage.store)
    follow_candidates(stage, last + timedelta(days=1))


def live_a_day(stage: Stage, day: date) -> None:
    """One day: deliveries, worker, watching, decisions, predictions."""
    yesterday = day - timedelta(days=1)
    if day > stage.calendar.september[0]:
        stage.deliver_flights(yesterday)
    stage.deliver_weather(day)
    if day == stage.calendar.broken:
        tell_breakage(stage)
    if day == stage.calendar.repaired:
        tell_repair(stage)
    tick(stage.store, [stage.cast.lateness])
    if day > stage.calendar.september[0]:
        stage.cast.live.watch(yesterday.isoformat(), store=stage.store)
        follow_candidates(stage, day)
    ask_about(stage, day)
    show_day(stage, day)


def ask_about(stage: Stage, day: date) -> None:
    """Every flight's prediction is asked over HTTP, hour by hour, and logged."""
    due = stage.upstream.flights_of(day).select(KNOWN_BEFORE)
    asked = logged_flights(stage, day)
    if asked.issuperset(due["flight_id"]):
        return
    for _, hour in due.group_by(pl.col("scheduled_at").dt.hour(), maintain_order=True):
        records = hour.to_dicts()
        stage.cast.live.predict(records, request_ids=[record["flight_id"] for record in records], store=stage.store)
    stage.cast.live.collect(store=stage.store)


def logged_flights(stage: Stage, day: date) -> set[str]:
    """Flights of the day whose prediction is in the log."""
    if stage.store.catalog.tables.find_version(stage.cast.live.spec.log) is None:
        return set()
    log = read_version(stage.store, stage.cast.live.spec.log)
    mine = (
        log.filter((pl.col("scheduled_at").dt.date() == day) & pl.col("score").is_not_null() & pl.col("answered"))
        .select("flight_id")
        .collect()
    )
    return set(mine["flight_id"])


def show_day(stage: Stage, day: date) -> None:
    """One line a day: what was asked, what yesterday turned out to be."""
    yesterday = (day - timedelta(days=1)).isoformat()
    online = online_auc(stage, yesterday)
    shown = "  ".join(f"{origin} {value:.3f}" for origin, value in sorted(online.items())) or "no truth yet"
    versions = ", ".join(
        f"v{route.version} {route.role}" + (f" {route.share:.0%}" if route.share else "")
        for route in stage.store.catalog.endpoints.get_endpoint(stage.cast.live.name).routes
    )
    count = len(logged_flights(stage, day))
    stage.narrator.say(f"{day:%b %d}: {count:4d} predictions logged; online AUC (7 days) {shown}  [dim]{versions}[/]")


def online_auc(stage: Stage, partition: str) -> dict[str, float]:
    """The online AUC per origin that the checks computed, read back from the metrics table."""
    name = f"{stage.cast.live.name}_metrics"
    if stage.store.catalog.tables.find_version(name) is None:
        return {}
    rows = read_version(stage.store, name).filter(
        (pl.col("partition") == partition) & (pl.col("metric") == "auc") & pl.col("slice").str.starts_with("origin=")
    )
    return {row["slice"].removeprefix("origin="): row["value"] for row in rows.collect().to_dicts()}
