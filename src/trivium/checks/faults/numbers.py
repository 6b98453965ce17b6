"""Numbers in another unit or with another sign."""

from __future__ import annotations

import polars as pl

from trivium.checks.faults.fault import Target, number, replaced

UNITS = ((60.0, 0.0), (1000.0, 0.0), (1.609344, 0.0), (1.8, 32.0))


def unit_change(target: Target) -> pl.DataFrame:
    """Another unit: times 60, times 1000, miles to kilometres, or Celsius to Fahrenheit."""
    factor, offset = UNITS[int(target.rng.integers(0, len(UNITS)))]
    return replaced(target, number(target) * factor + offset)


def sign_flip(target: Target) -> pl.DataFrame:
    """Plus becomes minus."""
    return replaced(target, -number(target))
