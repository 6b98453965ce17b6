"""Values that are lost, made up, old, or in another row."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from trivium.checks.faults.fault import Target, replaced


def null_spike(target: Target) -> pl.DataFrame:
    """Values are lost."""
    return replaced(target, pl.lit(None, dtype=target.values.dtype))


def constant_fill(target: Target) -> pl.DataFrame:
    """One value everywhere: a default (0, -1, 9999; empty, UNKNOWN; 1970), or the value that came first."""
    first, number, text = target.rng.random() < 0.25, target.draw(0.0, -1.0, 9999.0), target.pick("", "UNKNOWN", "none")
    dtype = target.values.dtype
    if first and target.values.null_count() < len(target.values):
        return replaced(target, pl.lit(target.values.drop_nulls()[0]))
    if dtype.is_numeric():
        return replaced(target, pl.lit(number))
    return replaced(target, pl.lit(text if dtype == pl.String else datetime(1970, 1, 1)))  # noqa: DTZ001 # any zone


def stale_copy(target: Target) -> pl.DataFrame:
    """The rows hold what the same rows held in an older partition, starting over at its end."""
    old = target.older
    order = np.arange(target.rows.height) % old.height
    rows = target.rows
    for name in target.columns:
        past = pl.Series(name, old[name].gather(order)).cast(rows.schema[name], strict=False)
        rows = rows.with_columns(pl.when(pl.Series(target.hit)).then(past).otherwise(pl.col(name)).alias(name))
    return rows


def shuffle(target: Target) -> pl.DataFrame:
    """Values change rows, as after a broken join."""
    order = np.arange(target.rows.height)
    order[target.hit] = target.rng.permutation(order[target.hit])
    return target.rows.with_columns(target.values.gather(order))
