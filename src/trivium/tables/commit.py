"""A commit: stage rows, judge them, then publish version, files, judgements, alerts and event in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import polars as pl

from trivium.checks.alert import raise_alerts
from trivium.checks.history import History
from trivium.checks.judge import judge
from trivium.checks.kept_histories import KeptHistories
from trivium.checks.partition import Partition
from trivium.failpoints import failpoint
from trivium.frames import columns_of
from trivium.store.acting import acting_run
from trivium.store.catalog.columns import merge_columns
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.partitioning import split_partitions
from trivium.tables.staging import stage_rows
from trivium.values.alerts import Judgement, Profile
from trivium.values.tables import Commit, Operation, State, TableSpec

BY_SEVERITY: tuple[State, ...] = ("valid", "flagged", "quarantined")


def commit_rows(
    store: Store,
    spec: TableSpec,
    rows: pl.DataFrame,
    *,
    operation: Operation = "append",
    idempotency_key: str | None = None,
    run: str | None = None,
) -> Commit:
    """The rows are published as the table's next version, or kept aside when a blocking check failed.

    operation: "append" adds rows; "overwrite" replaces the partitions that the rows belong to.
    idempotency_key: the same key again returns the first commit and changes nothing.

    Returns the commit, durable; its state is "valid", "flagged" or "quarantined".
    Raises SchemaMismatch or Misuse for rows that cannot belong to the table, VersionConflict when an overwrite lost a
    race.
    """
    tables = store.catalog.tables
    tables.declare(spec, actor=store.actor)
    known = tables.find_commit(spec.name, idempotency_key) if idempotency_key else None
    if known is not None:
        return known
    newest = tables.find_version(spec.name)
    columns = newest.columns if newest else ()
    staged = stage_rows(spec, rows, columns)
    batch = split_partitions(spec, staged)
    judgements = judge(spec, batch, learned_history(store, spec.name, newest), now=store.clock())
    state = worst_state(judgements)
    if state != "quarantined":
        merge_columns(spec.name, columns, columns_of(staged))  # refused before any byte is written
    commit = Commit(
        id=store.ids(),
        table=spec.name,
        version=None,
        state=state,
        operation=operation,
        partitions=tuple(part.name for part in batch),
        rows=0,
        columns=columns_of(staged),
        added=tuple(store.lake.write(spec.name, part.name, part.rows) for part in batch),
        removed=_replaced(store, newest, batch) if operation == "overwrite" else (),
        idempotency_key=idempotency_key,
        actor=store.actor,
        run=run or acting_run(),
        committed_at=store.clock(),
        base=(newest.version if newest else 0) if operation == "overwrite" else None,
    )
    failpoint("commit:staged")
    alerts = raise_alerts(spec, judgements, commit=commit.id, now=commit.committed_at, ids=store.ids)
    return tables.publish(Draft(commit, tuple(judgements), tuple(alerts)), actor=store.actor)


def learned_history(store: Store, table: str, newest: Commit | None) -> History:
    """What this process has learned of the table up to its newest version."""
    version = newest.version if newest and newest.version else 0
    read_after = partial(_profiles_after, store, table)
    return store.kept.get(KeptHistories).up_to(table, version, read_after)


def _profiles_after(store: Store, table: str, version: int) -> list[Profile]:
    return store.catalog.tables.profiles(table, after=version)


def worst_state(judgements: Sequence[Judgement]) -> State:
    """The state of a commit: that of its worst partition."""
    return max((judgement.state for judgement in judgements), key=BY_SEVERITY.index, default="valid")


def _replaced(store: Store, newest: Commit | None, batch: Sequence[Partition]) -> tuple[str, ...]:
    if newest is None or newest.version is None:
        return ()
    names = {part.name for part in batch}
    live = store.catalog.tables.files(newest.table, newest.version)
    return tuple(file.path for file in live if file.partition in names)
