"""Tables as the terminal shows them."""

from __future__ import annotations

from typing import Any

import msgspec

from trivium.lineage.staleness import find_stale_tables, table_staleness
from trivium.store.store import Store
from trivium.values.staleness import Staleness
from trivium.values.tables import CheckSpec, Commit, TableSpec


def table_rows(store: Store) -> list[dict[str, Any]]:
    """Every declared table with its newest published version; a table without one has version and state null."""
    latest = {commit.table: commit for commit in store.catalog.tables.list_latest()}
    alerts = store.catalog.alerts.count_open()
    specs = store.catalog.tables.list_specs()
    stale = find_stale_tables(store.catalog, [spec.name for spec in specs])
    return [table_row(spec, latest.get(spec.name), alerts.get(spec.name, 0), stale[spec.name]) for spec in specs]


def table_row(spec: TableSpec, newest: Commit | None, open_alerts: int, staleness: Staleness) -> dict[str, Any]:
    """One table in a list."""
    return {
        "name": spec.name,
        "version": newest.version if newest else None,
        "rows": newest.rows if newest else 0,
        "state": newest.state if newest else None,
        "newest_partition": max(newest.partitions, default=None) if newest else None,
        "open_alerts": open_alerts,
        "stale": staleness.inputs,
        "committed_at": newest.committed_at if newest else None,
        "owner": spec.owner,
        "description": spec.description,
    }


def table_facts(store: Store, spec: TableSpec, shown: Commit | None) -> dict[str, Any]:
    """One table in full, at one of its versions."""
    alerts = store.catalog.alerts.list_alerts(table=spec.name, state="open")
    files = store.catalog.tables.files(spec.name, shown.version) if shown and shown.version else []
    return {
        **table_row(spec, shown, len(alerts), table_staleness(store.catalog, spec.name)),
        "key": spec.key,
        "time": spec.time,
        "every": spec.every,
        "watch": spec.watch,
        "pii": spec.pii,
        "partitions": sorted({file.partition for file in files}),
        "files": len(files),
        "bytes": sum(file.bytes for file in files),
        "columns": [msgspec.structs.asdict(column) for column in shown.columns] if shown else [],
        "checks": [check_row(check) for check in spec.checks],
    }


def check_row(check: CheckSpec) -> dict[str, Any]:
    """A declared check."""
    return {
        "name": check.name,
        "kind": check.kind,
        "column": check.column,
        "severity": check.severity,
        "owner": check.owner,
        "objective": check.objective,
        "arguments": check.arguments,
    }


def commit_row(commit: Commit) -> dict[str, Any]:
    """A commit in a table's log. `rows` are those that it added."""
    return {
        "id": commit.id,
        "table": commit.table,
        "version": commit.version,
        "state": commit.state,
        "operation": commit.operation,
        "partitions": commit.partitions,
        "rows": sum(file.rows for file in commit.added),
        "actor": commit.actor,
        "run": commit.run,
        "idempotency_key": commit.idempotency_key,
        "diverted_from": commit.diverted_from,
        "committed_at": commit.committed_at,
    }
