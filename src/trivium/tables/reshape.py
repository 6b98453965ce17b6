"""Columns renamed and widened. Files are written anew, so that every engine reads them without knowing the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import polars as pl

from trivium.checks.declared import columns_read
from trivium.errors import Misuse, NotFound, SchemaMismatch
from trivium.frames import dtype_of
from trivium.lineage.column_use import mentions
from trivium.store.store import Store
from trivium.tables.commit import draft_commit, publish, version_of
from trivium.tables.read import get_version
from trivium.tables.repeat import repeat_on_conflict
from trivium.tables.rewrite import map_files
from trivium.values.tables import CheckSpec, Column, Commit, Operation, TableSpec

WIDER = {
    "int8": ("int16", "int32", "int64", "float32", "float64"),
    "int16": ("int32", "int64", "float32", "float64"),
    "int32": ("int64", "float64"),
    "uint8": ("uint16", "uint32", "uint64", "int16", "int32", "int64", "float32", "float64"),
    "uint16": ("uint32", "uint64", "int32", "int64", "float32", "float64"),
    "uint32": ("uint64", "int64", "float64"),
    "float32": ("float64",),
    "date": ("timestamp[ms]", "timestamp[us]"),
    "timestamp[ms]": ("timestamp[us]",),
    "categorical": ("string",),
}


def rename_columns(store: Store, name: str, names: Mapping[str, str]) -> Commit:
    """The columns have their new names from the next version on; older versions keep the old ones.

    names: old name to new name. What was learned of a column goes with it. Raises Misuse for a column that the
    declaration names (its key, its time, a check) or a name that is taken, NotFound for one that is not there.
    """
    return repeat_on_conflict(store, lambda noting: _rename(noting, name, dict(names)))


def widen_column(store: Store, name: str, column: str, wanted: str) -> Commit:
    """The column has a wider type from the next version on, with the same values: int32 to int64, float32 to float64.

    Raises SchemaMismatch for a change that could lose a value, and says so.
    """
    return repeat_on_conflict(store, lambda noting: _widen(noting, name, column, wanted))


def _rename(store: Store, name: str, names: dict[str, str]) -> Commit:
    newest = get_version(store, name)
    _refuse_names(store.catalog.tables.get_spec(name), newest, names)
    columns = [Column(names.get(column.name, column.name), column.type) for column in newest.columns]
    change = partial(pl.DataFrame.rename, mapping=names, strict=False)
    return _reshape(store, newest, columns, change, operation="rename", renamed=names)


def _widen(store: Store, name: str, column: str, wanted: str) -> Commit:
    newest = get_version(store, name)
    have = {each.name: each.type for each in newest.columns}
    if column not in have:
        raise NotFound(f"Table {name!r} has no column {column!r}; it has {', '.join(have)}.")
    if wanted not in WIDER.get(have[column], ()):
        wider = ", ".join(WIDER.get(have[column], ()))
        possible = f"can become {wider}, but not" if wider else "has no wider type, so it cannot become"
        raise SchemaMismatch(
            f"Column {column!r} of table {name!r} is {have[column]}, which {possible} {wanted}: "
            "values could change. Add a column of that type under another name, and fill it."
        )
    columns = [Column(each.name, wanted if each.name == column else each.type) for each in newest.columns]
    dtype = dtype_of(wanted)
    return _reshape(store, newest, columns, lambda rows: _cast(rows, column, dtype), operation="widen")


def _cast(rows: pl.DataFrame, column: str, dtype: pl.DataType) -> pl.DataFrame:
    return rows.with_columns(pl.col(column).cast(dtype)) if column in rows.columns else rows


def _reshape(
    store: Store,
    newest: Commit,
    columns: list[Column],
    change: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    operation: Operation,
    renamed: dict[str, str] | None = None,
) -> Commit:
    spec = store.catalog.tables.get_spec(newest.table)
    written = map_files(store, newest, store.catalog.tables.files(newest.table, version_of(newest)), change)
    draft = draft_commit(
        store,
        spec,
        operation=operation,
        partitions=(),
        columns=columns,
        added=written.added,
        removed=[file.path for file in written.removed],
        base=version_of(newest),
        renamed=renamed,
    )
    return publish(store, draft)


def _refuse_names(spec: TableSpec, newest: Commit, names: dict[str, str]) -> None:
    have = [column.name for column in newest.columns]
    absent = [old for old in names if old not in have]
    if absent or not names:
        raise NotFound(f"Table {spec.name!r} has no column {', '.join(absent) or '(none named)'}; it has {have}.")
    after = [names.get(column, column) for column in have]
    taken = sorted({column for column in after if after.count(column) > 1})
    if taken:
        raise Misuse(f"Two columns of table {spec.name!r} would be called {', '.join(taken)}; choose another name.")
    named = _declared_columns(spec, have)
    used = [f"{old!r} ({named[old]})" for old in names if old in named]
    if used:
        raise Misuse(
            f"The declaration of table {spec.name!r} names {', '.join(used)}. A key or time column keeps its name: "
            "commit to a table of another name. A check: take it out of the declaration, rename, and declare it anew."
        )


def _declared_columns(spec: TableSpec, columns: Sequence[str]) -> dict[str, str]:
    """Each of these columns that the declaration names, and as what."""
    named = {
        column: f"in check {check.name!r}"
        for check in spec.checks
        for column in (*columns_read(check), *_named_elsewhere(check, columns))
    }
    named |= dict.fromkeys(spec.key, "key")
    named |= dict.fromkeys(spec.pii, "about persons")
    return named | ({spec.time: "event time"} if spec.time else {})


def _named_elsewhere(check: CheckSpec, columns: Sequence[str]) -> list[str]:
    """Columns that a check names outside of what it reads by itself: in a schema, or as words of a query."""
    types, query = check.arguments.get("types", ()), str(check.arguments.get("query", ""))
    return [column for column in columns if column in types or mentions(query, column)]
