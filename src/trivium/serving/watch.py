"""Watching an endpoint: its checks on the predictions whose truth has come, as alerts and as a table of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl
from msgspec.structs import replace

from trivium.checks.alert import raise_alerts
from trivium.checks.predictions import judge_predictions
from trivium.durations import parse_duration
from trivium.serving.collect import log_table
from trivium.serving.truth import read_labelled
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.values.alerts import CheckResult, Judgement, Profile
from trivium.values.endpoints import EndpointSpec
from trivium.values.tables import TableSpec

MONTH = "31d"


def watch_endpoint(store: Store, spec: EndpointSpec, partition: str) -> list[CheckResult]:
    """The endpoint's checks as of the end of this day ("2013-09-14"): alerts opened or resolved, metrics on record.

    Doing it again for the same day changes nothing.
    """
    windows = [parse_duration(str(check.arguments.get("window", MONTH))) for check in spec.checks]
    longest = max(windows, default=timedelta(days=1))
    since = date.fromisoformat(partition) - longest
    rows = read_labelled(store, spec, since=since.isoformat(), until=partition)
    if not rows.height:
        return []
    answered = rows.filter("answered")
    judged = [
        (check, result)
        for check in spec.checks
        for result in judge_predictions(check, answered, time=spec.time, now_partition=partition)
    ]
    results = [result for _, result in judged]
    if store.catalog.tables.find_commit(metrics_table(spec).name, watch_key(partition)) is None:
        record_alerts(store, spec, partition, results)
        promised = [replace(result, check=check.name) for check, result in judged if check.objective]
        record_metrics(store, spec, partition, results, promised)
    return results


def watch_key(partition: str) -> str:
    """The idempotency key of a day's metrics."""
    return f"watch/{partition}"


def metrics_table(spec: EndpointSpec) -> TableSpec:
    """The table of an endpoint's online metrics, a row for each day, metric and slice.

    It has the endpoint's checks that have an objective: their error budgets are its own.
    """
    return TableSpec(
        name=f"{spec.name}_metrics", key=("partition", "metric", "slice"), time="at", watch="off", owner=spec.owner,
        checks=tuple(check for check in spec.checks if check.objective),
        description=f"Online metrics of endpoint {spec.name}, with 95 % intervals, as its checks computed them.",
    )  # fmt: skip


def record_metrics(
    store: Store,
    spec: EndpointSpec,
    partition: str,
    results: Sequence[CheckResult],
    promised: Sequence[CheckResult],
) -> None:
    """The metrics behind the results are rows of the metrics table, once a day, judged by the promised results."""
    rows = [
        {
            "at": datetime.fromisoformat(partition),
            "partition": partition,
            "metric": str(result.evidence["name"]),
            "slice": str(result.evidence.get("slice", "")),
            "value": float(result.evidence["value"]),
            "low": result.evidence.get("low"),
            "high": result.evidence.get("high"),
            "rows": int(result.evidence["rows"]),
        }
        for result in results
        if result.evidence.get("value") is not None
    ]
    if rows:
        frame = pl.DataFrame(rows, schema_overrides={"low": pl.Float64, "high": pl.Float64})
        key = watch_key(partition)
        commit_rows(store, metrics_table(spec), frame, idempotency_key=key, also=promised)


def record_alerts(store: Store, spec: EndpointSpec, partition: str, results: Sequence[CheckResult]) -> None:
    """A check that begins to fail opens an alert on the prediction table; one that passes again resolves it.

    While it goes on failing, day after day, the alert of its first day stands for it.
    """
    judgement = Judgement(partition, "flagged", Profile(spec.log, partition, 0, ()), tuple(results))
    raised = raise_alerts(log_table(spec), [judgement], commit=None, now=store.clock(), ids=store.ids)
    passed = {result.check for result in results if result.passed}
    known = store.catalog.alerts.list_alerts(table=spec.log, state="open", limit=1000)
    healed = [alert.id for alert in known if alert.check in passed and alert.partition < partition]
    going_on = {alert.check for alert in known}
    begun = [alert for alert in raised if alert.check not in going_on]
    if begun or healed:
        store.catalog.alerts.record(
            begun, resolved=healed, because=f"passed again on {partition}", actor=f"endpoint:{spec.name}"
        )
