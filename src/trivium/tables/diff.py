"""What changed between two versions of a table: columns, partitions, rows by key, and what the columns look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from trivium.store.catalog.content import sum_content
from trivium.store.store import Store
from trivium.tables.read import get_readable
from trivium.values.tables import Column, Commit, DataFile

SIDE = "__side"
EXAMPLES = 5


class ColumnShift(Struct, frozen=True):
    """A column whose values are not the same: share of nulls, mean, least and greatest value before and after.

    What a type does not have (the mean of a text) is None.
    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]


class TableDiff(Struct, frozen=True):
    """From version `old` to version `new`: rows before and after, and everything that is not the same.

    A changed partition has other rows; being carried by other files is no change. `columns_retyped` maps a name to its
    types before and after. Rows are compared by the table's key (whole rows without one, and then none is "changed").
    `examples`: up to five keys, or rows, of each kind of change.
    """

    table: str
    old: int
    new: int
    rows_before: int
    rows_after: int
    rows_added: int
    rows_removed: int
    rows_changed: int
    columns_added: tuple[Column, ...]
    columns_removed: tuple[Column, ...]
    columns_retyped: dict[str, tuple[str, str]]
    columns_shifted: tuple[ColumnShift, ...]
    partitions_added: tuple[str, ...]
    partitions_removed: tuple[str, ...]
    partitions_changed: tuple[str, ...]
    examples: dict[str, list[dict[str, Any]]]


class RowChanges(Struct, frozen=True):
    """Rows that are on one side only, and keys that are on both with other values."""

    added: pl.DataFrame
    removed: pl.DataFrame
    changed: pl.DataFrame


def diff_versions(store: Store, name: str, old: int, new: int | None = None) -> TableDiff:
    """How version `new` (None: the newest) differs from version `old`; only what differs is read for the rows.

    Raises NotFound for a version that is not there, or whose rows were given up.
    """
    before, after = get_readable(store, name, old), get_readable(store, name, new)
    had, has = _columns(before), _columns(after)
    was, now = _partitions(store, before), _partitions(store, after)
    touched = [part for part in {**was, **now} if _content(was.get(part, ())) != _content(now.get(part, ()))]
    rows = _row_changes(store, (before, after), (was, now), touched)
    kinds = {"added": rows.added, "removed": rows.removed, "changed": rows.changed}
    return TableDiff(
        table=name,
        old=old,
        new=after.version or 0,
        rows_before=before.rows,
        rows_after=after.rows,
        rows_added=rows.added.height,
        rows_removed=rows.removed.height,
        rows_changed=rows.changed.height,
        columns_added=tuple(column for column in after.columns if column.name not in had),
        columns_removed=tuple(column for column in before.columns if column.name not in has),
        columns_retyped={each: (had[each], has[each]) for each in had if each in has and had[each] != has[each]},
        columns_shifted=_shifts(store, before, after) if touched else (),
        partitions_added=tuple(part for part in now if part not in was),
        partitions_removed=tuple(part for part in was if part not in now),
        partitions_changed=tuple(part for part in touched if part in was and part in now),
        examples={kind: frame.head(EXAMPLES).to_dicts() for kind, frame in kinds.items() if frame.height},
    )


def compare_rows(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> RowChanges:
    """The rows of two frames, compared by key: keys of added, removed and changed ones; whole rows without a key.

    Columns that only one side has are not compared. A row that is there twice counts twice.
    """
    common = [name for name in before.columns if name in after.columns and before.schema[name] == after.schema[name]]
    left, right = _counted(before.select(common)), _counted(after.select(common))
    gone = left.join(right, on=left.columns, how="anti", nulls_equal=True)
    come = right.join(left, on=right.columns, how="anti", nulls_equal=True)
    keys = [name for name in key if name in common]
    if not keys:
        return RowChanges(come.drop(SIDE), gone.drop(SIDE), come.clear())
    both = come.join(gone, on=keys, how="semi", nulls_equal=True).select(keys).unique(maintain_order=True)
    return RowChanges(
        come.join(both, on=keys, how="anti", nulls_equal=True).select(keys),
        gone.join(both, on=keys, how="anti", nulls_equal=True).select(keys),
        both,
    )


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, each with its number among those that are equal to it."""
    return rows.with_columns(pl.int_range(pl.len()).over(pl.struct(rows.columns)).alias(SIDE)) if rows.width else rows


def _row_changes(
    store: Store,
    commits: tuple[Commit, Commit],
    parts: tuple[Mapping[str, Sequence[DataFile]], Mapping[str, Sequence[DataFile]]],
    touched: Sequence[str],
) -> RowChanges:
    key = store.catalog.tables.get_spec(commits[0].table).key
    files = [[file for part in touched for file in side.get(part, ())] for side in parts]
    shared = {file.path for file in files[0]} & {file.path for file in files[1]}
    before, after = (
        _read(store, commit, [file for file in side if file.path not in shared])
        for commit, side in zip(commits, files, strict=True)
    )
    return compare_rows(before, after, key)


def _read(store: Store, commit: Commit, files: Sequence[DataFile]) -> pl.DataFrame:
    if not files:
        return store.lake.scan(store.catalog.tables.files(commit.table, commit.version or 0)[:1]).collect().clear()
    return store.lake.scan(files, [column.name for column in commit.columns]).collect()


def _shifts(store: Store, before: Commit, after: Commit) -> tuple[ColumnShift, ...]:
    was, now = _describe(store, before), _describe(store, after)
    return tuple(ColumnShift(name, was[name], now[name]) for name in was if name in now and was[name] != now[name])


def _describe(store: Store, commit: Commit) -> dict[str, dict[str, Any]]:
    files = store.catalog.tables.files(commit.table, commit.version or 0)
    if not files:
        return {}
    rows = store.lake.scan(files, [column.name for column in commit.columns])
    found = rows.select(_statistics(rows.collect_schema())).collect(engine="streaming").row(0, named=True)
    described: dict[str, dict[str, Any]] = {}
    for place, value in found.items():
        statistic, _, name = place.partition(" ")
        described.setdefault(name, {})[statistic] = value
    return described


def _statistics(schema: pl.Schema) -> list[pl.Expr]:
    wanted = []
    for name, dtype in schema.items():
        wanted.append(pl.col(name).null_count().truediv(pl.len()).alias(f"nulls {name}"))
        if dtype.is_numeric():
            wanted.append(pl.col(name).mean().alias(f"mean {name}"))
        if dtype.is_numeric() or dtype.is_temporal():
            wanted += [pl.col(name).min().alias(f"min {name}"), pl.col(name).max().alias(f"max {name}")]
    return wanted


def _columns(commit: Commit) -> Mapping[str, str]:
    return {column.name: column.type for column in commit.columns}


def _partitions(store: Store, commit: Commit) -> dict[str, list[DataFile]]:
    files: dict[str, list[DataFile]] = {}
    for file in store.catalog.tables.files(commit.table, commit.version or 0):
        files.setdefault(file.partition, []).append(file)
    return files


def _content(files: Sequence[DataFile]) -> int:
    return sum_content(files)
