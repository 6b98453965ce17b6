from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trivium.checks.present import BLOCK, CHUNK, MOST_EXACT, Present
from trivium.checks.whole import count_all

ROWS = 3 * BLOCK + 77


def make_values(share: float, distinct: int = 1_000, rows: int = ROWS) -> pl.Series:
    """Numbers in three pieces, this share of them null."""
    random = np.random.default_rng(3)
    values = pl.Series("x", random.integers(0, distinct, rows))
    holes = pl.when(pl.Series(random.random(rows) >= share)).then(pl.col("x"))
    whole = values.to_frame().select(holes).to_series()
    return pl.concat([whole.slice(0, 1_001), whole.slice(1_001, rows // 2), whole.slice(1_001 + rows // 2)])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9999])
@pytest.mark.parametrize("first", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5, ROWS - 1, ROWS])
def test_a_stretch_is_that_of_the_values_without_nulls(share: float, first: int) -> None:
    values = make_values(share)
    present, dropped = Present(values), values.drop_nulls()
    assert len(present) == len(dropped)
    for rows in (0, 1, 1_000, BLOCK, 10 * ROWS):
        assert present.slice(first, rows).equals(dropped.slice(first, rows))


def test_stretches_with_a_gap_of_nulls_between_them_are_found() -> None:
    values = pl.Series("x", [1, *[None] * (2 * BLOCK), 2, 3])
    assert [Present(values).slice(first, 1).to_list() for first in range(4)] == [[1], [2], [3], []]


@pytest.mark.parametrize("distinct", [3, 70_000, 4 * MOST_EXACT])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.String])
def test_different_values_are_estimated_as_without_nulls(distinct: int, dtype: type[pl.DataType]) -> None:
    values = make_values(0.2, distinct, CHUNK + 300_000).cast(dtype)
    dropped = values.drop_nulls().to_frame().select(pl.first().approx_n_unique()).item()
    assert Present(values).about_distinct() == dropped


def test_values_are_counted_over_all_chunks() -> None:
    values = make_values(0.2, 50, CHUNK + 300_000)
    counted = count_all(Present(values).converted(lambda each: each.cast(pl.String)))
    whole = values.drop_nulls().cast(pl.String).alias("value").value_counts()
    assert counted.sort("value").equals(whole.sort("value"))
