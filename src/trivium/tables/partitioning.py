"""Rows by partition of event time: the unit of commits, checks and backfills."""

from __future__ import annotations

import polars as pl

from trivium.checks.partition import Partition
from trivium.errors import SchemaMismatch
from trivium.tables.partition_name import WHOLE, partition_format
from trivium.values.tables import TableSpec


def split_partitions(spec: TableSpec, rows: pl.DataFrame) -> list[Partition]:
    """The rows by partition, oldest first. A table without event time has the one partition "all".

    Raises SchemaMismatch when the time column is absent, not a time, or null somewhere.
    """
    if spec.time is None:
        return [Partition(WHOLE, rows)]
    if (only := _only_partition(spec, spec.time, rows)) is not None:
        return [Partition(only, rows)]
    names = partition_names(spec, spec.time, rows)
    name_of_part = max(rows.columns) + "+"  # sorts after every column, so it is none of them
    named = rows.with_columns(names.alias(name_of_part))
    parts = named.partition_by(name_of_part, as_dict=True, include_key=False, maintain_order=True)
    return [Partition(str(name), part) for (name,), part in sorted(parts.items(), key=lambda item: str(item[0][0]))]


def _only_partition(spec: TableSpec, time: str, rows: pl.DataFrame) -> str | None:
    """The partition that all rows belong to, found without naming that of each row; None when there are several."""
    _check_time(spec, time, rows)
    moments = rows[time]
    if isinstance(moments.dtype, pl.Datetime) and moments.dtype.time_zone:
        moments = moments.dt.replace_time_zone(None)  # the clock on the wall may go back
    ends = pl.DataFrame({time: [moments.min(), moments.max()]}, schema={time: moments.dtype})
    first, last = partition_names(spec, time, ends) if rows.height else (None, None)
    return first if first == last else None


def partition_names(spec: TableSpec, time: str, rows: pl.DataFrame) -> pl.Series:
    """The name of each row's partition. Raises SchemaMismatch when the time column is absent, not a time, or null."""
    _check_time(spec, time, rows)
    moments = rows[time].cast(pl.Datetime) if rows.schema[time] == pl.Date else rows[time]
    return moments.dt.strftime(partition_format(spec.every))


def _check_time(spec: TableSpec, time: str, rows: pl.DataFrame) -> None:
    if time not in rows.columns:
        raise SchemaMismatch(
            f"The rows for table {spec.name!r} lack its time column {time!r}; they have {rows.columns}."
        )
    if not isinstance(rows.schema[time], (pl.Datetime, pl.Date)):
        held = _held(spec, rows[time])
        raise SchemaMismatch(f"The time column {time!r} of table {spec.name!r} holds {held}; give timestamps or dates.")
    absent = rows[time].null_count()
    if absent:
        raise SchemaMismatch(
            f"{absent} of {rows.height} rows for table {spec.name!r} have no {time!r}, so they belong to no partition."
        )


def _held(spec: TableSpec, values: pl.Series) -> str:
    """The type of the values; of texts also one, where it is about nobody, and how a file writes moments."""
    if values.dtype != pl.String or values.null_count() == len(values):
        return str(values.dtype)
    example = "" if spec.time in spec.pii else f" such as {values.drop_nulls()[0]!r}"
    return f"text{example}, and only 2024-01-31 and 2024-01-31T08:00 in a file are read as times"
