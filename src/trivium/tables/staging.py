"""Rows made ready for a commit: the table's own types where nothing is lost, its key there and not null."""

from __future__ import annotations

import polars as pl

from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import check_storable, convert_exactly, dtype_of
from trivium.values.tables import Column, TableSpec


def stage_rows(spec: TableSpec, rows: pl.DataFrame, columns: tuple[Column, ...]) -> pl.DataFrame:
    """The rows in the types of the table's newest version, cast only where every value survives.

    Raises Misuse for no rows, SchemaMismatch for an absent or null key, UnsupportedValue for a column that no table
    keeps as it is.
    """
    if rows.height == 0:
        raise Misuse(f"There are no rows to commit to table {spec.name!r}.")
    check_storable(rows)
    _check_key(spec, rows)
    known = {column.name: column.type for column in columns}
    return rows.with_columns(
        [convert_exactly(rows[name], dtype_of(known[name])) for name in rows.columns if name in known]
    )


def _check_key(spec: TableSpec, rows: pl.DataFrame) -> None:
    for name in spec.key:
        if name not in rows.columns:
            raise SchemaMismatch(f"The rows for table {spec.name!r} lack its key {name!r}; they have {rows.columns}.")
        if rows[name].null_count():
            raise SchemaMismatch(f"{rows[name].null_count()} rows for table {spec.name!r} have no key {name!r}.")
