"""A column that is gone, has another name, or another type."""

from __future__ import annotations

import polars as pl

from trivium.checks.faults.fault import Target


def column_change(target: Target) -> pl.DataFrame:
    """The column is missing, renamed, or cast to text (a text is then lost or renamed). All rows are hit."""
    name = target.column
    ways = ("missing", "renamed") if target.values.dtype == pl.String else ("missing", "renamed", "cast")
    how = target.pick(*ways)
    if how == "missing":
        return target.rows.drop(name)
    if how == "renamed":
        return target.rows.rename({name: f"{name}_new"})
    return target.rows.with_columns(pl.col(name).cast(pl.String))
