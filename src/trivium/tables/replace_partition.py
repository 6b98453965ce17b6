"""One partition made anew: what a task that commits into a table does."""

from __future__ import annotations

from collections import Counter

import polars as pl

from trivium.errors import SchemaMismatch
from trivium.store.store import Store
from trivium.tables.commit import commit_rows, draft_commit, find_known, publish, version_of
from trivium.tables.partitioning import split_partitions
from trivium.tables.repeat import repeat_on_conflict
from trivium.tables.rewrite import gone
from trivium.values.tables import Commit, TableSpec

MOST_TOLD = 3


def replace_partition(
    store: Store, spec: TableSpec, partition: str, rows: pl.DataFrame | None, *, idempotency_key: str
) -> Commit | None:
    """The partition holds these rows and no others. rows: None for a partition without rows.

    Of two who replace it at once the last one wins: its rows are staged and judged again on what the first one made.
    Returns the commit, also one in quarantine; None when there was nothing, and nothing is to be there.
    Raises SchemaMismatch for rows of other partitions, VersionConflict when others were faster 20 times, and what
    `commit_rows` raises.
    """
    if rows is None:
        return repeat_on_conflict(store, lambda noting: _empty(noting, spec, partition, idempotency_key))
    _refuse_others(spec, partition, rows)
    return repeat_on_conflict(
        store,
        lambda noting: commit_rows(noting, spec, rows, operation="overwrite", idempotency_key=idempotency_key),
    )


def _empty(store: Store, spec: TableSpec, partition: str, idempotency_key: str) -> Commit | None:
    newest = store.catalog.tables.find_version(spec.name)
    known = find_known(store, spec.name, idempotency_key, "overwrite")
    if (
        known is not None
        or newest is None
        or not store.catalog.tables.files(spec.name, version_of(newest), [partition])
    ):
        return known
    draft = draft_commit(
        store,
        spec,
        operation="overwrite",
        partitions=[partition],
        columns=newest.columns,
        added=[],
        judgements=[gone(spec.name, partition)],
        idempotency_key=idempotency_key,
        base=version_of(newest),
    )
    return publish(store, draft)


def _refuse_others(spec: TableSpec, partition: str, rows: pl.DataFrame) -> None:
    counts = Counter({part.name: part.rows.height for part in split_partitions(spec, rows)})
    others = [name for name in counts if name != partition]
    if others:
        told = ", ".join(f"{name} ({counts[name]:,} rows)" for name in others[:MOST_TOLD])
        more = f" and {len(others) - MOST_TOLD} more" if len(others) > MOST_TOLD else ""
        raise SchemaMismatch(
            f"The rows for partition {partition} of table {spec.name!r} belong to other partitions, too: {told}{more}. "
            f"Return only rows whose {spec.time!r} lies in the partition; the rows before it are there to look back."
        )
