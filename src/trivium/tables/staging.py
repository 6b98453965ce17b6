"""Rows made ready for a commit: the table's own types where nothing is lost, its key there and not null."""

from __future__ import annotations

import polars as pl

from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import dtype_of, has_dtype, type_name
from trivium.values.tables import Column, TableSpec


def stage_rows(spec: TableSpec, rows: pl.DataFrame, columns: tuple[Column, ...]) -> pl.DataFrame:
    """The rows in the types of the table's newest version, cast only where every value survives.

    Raises Misuse for no rows, SchemaMismatch for an absent or null key.
    """
    if rows.height == 0:
        raise Misuse(f"There are no rows to commit to table {spec.name!r}.")
    _check_key(spec, rows)
    known = {column.name: column.type for column in columns}
    return rows.with_columns([_aligned(rows[name], known[name]) for name in rows.columns if name in known])


def _check_key(spec: TableSpec, rows: pl.DataFrame) -> None:
    for name in spec.key:
        if name not in rows.columns:
            raise SchemaMismatch(f"The rows for table {spec.name!r} lack its key {name!r}; they have {rows.columns}.")
        if rows[name].null_count():
            raise SchemaMismatch(f"{rows[name].null_count()} rows for table {spec.name!r} have no key {name!r}.")


LOSSLESS = {
    ("int64", "float64"), ("int32", "float64"), ("float32", "float64"), ("int32", "int64"), ("int16", "int64"),
    ("int8", "int64"), ("float64", "int64"), ("date", "timestamp[us]"), ("categorical", "string"),
    ("timestamp[ms]", "timestamp[us]"), ("timestamp[ns]", "timestamp[us]"),
}  # fmt: skip


def _aligned(values: pl.Series, wanted: str) -> pl.Series:
    have = type_name(values.dtype)
    if have == wanted or ((have, wanted) not in LOSSLESS and have != "null"):
        return values
    if have == "null" and not has_dtype(wanted):
        return values
    cast = values.cast(dtype_of(wanted), strict=False)
    same = cast.cast(values.dtype, strict=False).eq_missing(values).all()
    return cast if same else values
