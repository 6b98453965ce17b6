"""Upsert: rows replace those of the same key, wherever they are."""

from __future__ import annotations

import polars as pl

from trivium.checks.judge import judge
from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import columns_of
from trivium.store.catalog.columns import merge_columns
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.commit import (
    draft_commit,
    draft_rows,
    find_known,
    publish,
    version_of,
    write_partitions,
)
from trivium.tables.learned_feedback import learned_feedback
from trivium.tables.learned_history import learned_history
from trivium.tables.partitioning import split_partitions
from trivium.tables.repeat import repeat_on_conflict
from trivium.tables.rewrite import Rewriting, drop_rows, files_after, judge_whole
from trivium.tables.staging import stage_rows
from trivium.tables.surroundings import TableSurroundings
from trivium.values.tables import Commit, DataFile, TableSpec


def upsert_rows(
    store: Store, spec: TableSpec, rows: pl.DataFrame, *, idempotency_key: str | None = None, run: str | None = None
) -> Commit:
    """Each of the rows is in the table, and no other row of its key.

    Rows whose key moved to another partition leave the old one. With event time the checks judge every touched
    partition as it will be, without it the rows that are given. Only files that hold one of the keys are written anew.
    Raises Misuse for a table without a key, SchemaMismatch for a key that is given twice.
    """
    if not spec.key:
        raise Misuse(
            f"Table {spec.name!r} is declared without a key, so no row replaces another; declare `key=`, or append."
        )
    store.catalog.tables.declare(spec, actor=store.actor)
    known = find_known(store, spec.name, idempotency_key, "upsert")
    if known is not None:
        return known
    return repeat_on_conflict(
        store, lambda noting: publish(noting, _draft(noting, spec, rows, idempotency_key=idempotency_key, run=run))
    )


def refuse_doubles(spec: TableSpec, rows: pl.DataFrame) -> None:
    """Raises SchemaMismatch when the rows give one key twice: it would be chance which of them stays."""
    absent = [name for name in spec.key if name not in rows.columns]
    if absent:
        raise SchemaMismatch(f"The rows for table {spec.name!r} lack its key {absent}; they have {rows.columns}.")
    doubled = rows.filter(rows.select(spec.key).is_duplicated())
    if doubled.height:
        raise SchemaMismatch(
            f"{doubled.height} rows for table {spec.name!r} share their key with another one, such as "
            f"{doubled.select(spec.key).row(0, named=True)}; give each key once."
        )


def _draft(store: Store, spec: TableSpec, rows: pl.DataFrame, *, idempotency_key: str | None, run: str | None) -> Draft:
    newest = store.catalog.tables.find_version(spec.name)
    if newest is None:
        refuse_doubles(spec, rows)
        return draft_rows(store, spec, rows, operation="upsert", idempotency_key=idempotency_key, run=run, base=0)
    staged = stage_rows(spec, rows, newest.columns)
    refuse_doubles(spec, staged)
    batch = split_partitions(spec, staged)
    merge_columns(spec.name, newest.columns, columns_of(staged))
    change = _without_keys(store, spec, newest, staged)
    if spec.time:
        judgements = judge_whole(store, newest, change, batch)
    else:
        around = TableSurroundings(store, spec, lambda: files_after(store, newest, change))
        history, taught = learned_history(store, spec, newest), learned_feedback(store, spec)
        judgements = judge(spec, batch, history, now=store.clock(), around=around, feedback=taught)
    return draft_commit(
        store,
        spec,
        operation="upsert",
        judgements=judgements,
        partitions=sorted({*change.partitions, *(part.name for part in batch)}),
        columns=columns_of(staged),
        added=[*change.added, *write_partitions(store, spec.name, batch)],
        removed=[file.path for file in change.removed],
        idempotency_key=idempotency_key,
        run=run,
        base=version_of(newest),
    )


def _without_keys(store: Store, spec: TableSpec, newest: Commit, staged: pl.DataFrame) -> Rewriting:
    keys = staged.select(spec.key)
    files = store.catalog.tables.files(spec.name, version_of(newest))
    holders = [file for file in files if _holds_any(store, spec, file, keys)]
    return drop_rows(store, newest, holders, lambda rows: _among(rows, keys))


def _holds_any(store: Store, spec: TableSpec, file: DataFile, keys: pl.DataFrame) -> bool:
    """Whether the file has one of these keys; only its key columns are read."""
    have = store.lake.scan([file], spec.key).select(spec.key).collect()
    return bool(_among(have, keys).any())


def _among(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    marked = rows.select(keys.columns).join(
        keys.with_columns(pl.lit(value=True).alias("__hit")), on=keys.columns, how="left", maintain_order="left"
    )
    return marked["__hit"].fill_null(value=False)
