"""A commit: stage rows, judge them, then publish version, files, judgements, alerts and event in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from trivium.checks.alert import raise_alerts
from trivium.checks.judge import judge
from trivium.checks.partition import Partition

from trivium.errors import SchemaMismatch
from trivium.failpoints import failpoint
from trivium.frames import columns_of
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.partitioning import split_partitions
from trivium.tables.staging import incompatible_columns, stage_rows
from trivium.values.alerts import Judgement
from trivium.values.tables import Column, Commit, Operation, State, TableSpec

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
    judgements = judge(spec, batch, tables.profiles(spec.name), now=store.clock())
    state = worst_state(judgements)
    if state != "quarantined":
        _refuse_incompatible(spec, staged, columns)
    commit = Commit(
        id=store.ids(),
        table=spec.name,
        version=None,
        state=state,
        operation=operation,
        partitions=tuple(part.name for part in batch),
        rows=0,
        columns=_merged(columns, staged),
        added=tuple(store.lake.write(spec.name, part.name, part.rows) for part in batch),
        removed=_replaced(store, newest, batch) if operation == "overwrite" else (),
        idempotency_key=idempotency_key,
        actor=store.actor,
        run=run,
        committed_at=store.clock(),
    )
    failpoint("commit:staged")
    alerts = raise_alerts(spec, judgements, commit=commit.id, now=commit.committed_at, ids=store.ids)
    base = (newest.version if newest else 0) if operation == "overwrite" else None
    return tables.publish(Draft(commit, base, tuple(judgements), tuple(alerts)), actor=store.actor)


def worst_state(judgements: Sequence[Judgement]) -> State:
    """The state of a commit: that of its worst partition."""
    return max((judgement.state for judgement in judgements), key=BY_SEVERITY.index, default="valid")


def _replaced(store: Store, newest: Commit | None, batch: Sequence[Partition]) -> tuple[str, ...]:
    if newest is None or newest.version is None:
        return ()
    names = {part.name for part in batch}
    live = store.catalog.tables.files(newest.table, newest.version)
    return tuple(file.path for file in live if file.partition in names)


def _refuse_incompatible(spec: TableSpec, rows: pl.DataFrame, columns: tuple[Column, ...]) -> None:
    for name, (wanted, have) in incompatible_columns(rows, columns).items():
        raise SchemaMismatch(
            f"Column {name!r} of table {spec.name!r} is {wanted}; these rows have {have}, which cannot be converted "
            "without changing values. Convert the column at its source, or commit to a table of another name."
        )


def _merged(columns: tuple[Column, ...], rows: pl.DataFrame) -> tuple[Column, ...]:
    known = {column.name for column in columns}
    return (*columns, *(column for column in columns_of(rows) if column.name not in known))
