"""Times of another zone."""

from __future__ import annotations

import polars as pl

from trivium.checks.faults.fault import Target, replaced

FARTHEST = 12


def time_shift(target: Target) -> pl.DataFrame:
    """Times move by one to twelve hours, ahead or back; dates by as many days."""
    hours = int(target.draw(-1, 1)) * int(target.rng.integers(1, FARTHEST + 1))
    step = pl.duration(days=hours) if target.values.dtype == pl.Date else pl.duration(hours=hours)
    return replaced(target, pl.col(target.column) + step)
