"""Traces of columns by place."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trivium.checks.sketch import MOST, find_staleness, sketch_column


def column(seed: int, rows: int) -> pl.Series:
    return pl.Series(np.random.default_rng(seed).integers(0, 10_000, rows))


def test_rows_of_an_earlier_day_are_found_whatever_their_share() -> None:
    old, new = column(1, 1000), column(2, 1000)
    mixed = pl.concat([new[:700], old[700:]])
    found = find_staleness(sketch_column(mixed), [sketch_column(column(3, 1000)), sketch_column(old)])
    assert found == pytest.approx(0.3, abs=0.03)
    assert find_staleness(sketch_column(new), [sketch_column(old)]) < 0.03


@pytest.mark.parametrize("rows", [300, 500, 2000, 5000])
def test_partitions_of_other_sizes_are_compared_place_by_place(rows: int) -> None:
    long = column(1, 5000)
    found = find_staleness(sketch_column(long[:rows]), [sketch_column(long)])
    assert found > 0.9 * min(1.0, (5000 // 32 + 1) / (rows // 32 + 1))


def test_texts_that_differ_by_a_constant_are_not_alike() -> None:
    names = [pl.Series([f"r{day}-{row}" for row in range(300)]) for day in range(30)]
    assert find_staleness(sketch_column(names[-1]), [sketch_column(each) for each in names[:-1]]) < 0.1


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 256, 257, 512, 513, 100_000])
def test_a_sketch_is_small_whatever_the_rows(rows: int) -> None:
    assert len(sketch_column(column(1, rows))) <= MOST + 1
