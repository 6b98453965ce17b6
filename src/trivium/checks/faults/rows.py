"""Rows that never arrived, or arrived twice."""

from __future__ import annotations

import numpy as np
import polars as pl

from trivium.checks.faults.fault import Target


def category_drop(target: Target) -> pl.DataFrame:
    """The rows of one category are lost: of the one that has about as many rows as were hit, never all."""
    counts = target.values.drop_nulls().value_counts().sort("count", target.column)
    counts = counts.filter(pl.col("count") < target.rows.height)
    if not counts.height:
        return target.rows
    distance = np.abs(counts["count"].cast(pl.Int64).to_numpy() - int(target.hit.sum()))
    return target.rows.filter(pl.col(target.column).ne_missing(counts[target.column][int(distance.argmin())]))


def truncation(target: Target) -> pl.DataFrame:
    """The last rows never arrived, as many as were hit (one always did)."""
    return target.rows.head(max(1, target.rows.height - int(target.hit.sum())))


def duplication(target: Target) -> pl.DataFrame:
    """The rows that were hit arrive twice: one after the other, or once more at the end."""
    again = target.rng.random() < 0.5
    if again:
        return pl.concat([target.rows, target.rows.filter(pl.Series(target.hit))])
    order = np.repeat(np.arange(target.rows.height), 1 + target.hit)
    return target.rows[order]
