"""A worker's share of rows: every row is in one of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.errors import Misuse
from trivium.pipelines.shard import shard_rows

ROWS = pl.DataFrame({"x": range(11)})


def values(share: Any) -> list[int]:
    if isinstance(share, pl.LazyFrame):
        share = share.collect()
    if isinstance(share, duckdb.DuckDBPyRelation):
        return [value for (value,) in share.fetchall()]
    if isinstance(share, pa.Table):
        return [int(each) for each in share["x"].to_pylist()]
    return [int(each) for each in (share["x"] if hasattr(share, "columns") else share)]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ROWS.lazy(),
        ROWS["x"],
        pd.DataFrame({"x": range(11)}, index=range(100, 111)),
        pa.table({"x": range(11)}),
        duckdb.from_arrow(pa.table({"x": range(11)})),
        np.arange(11),
        list(range(11)),
    ],
    ids=lambda rows: f"{type(rows).__module__}.{type(rows).__name__}",
)
def test_a_share_is_of_the_kind_of_what_it_is_a_share_of(rows: Any) -> None:
    shares = [shard_rows(rows, rank, 3) for rank in range(3)]
    assert [values(share) for share in shares] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert {type(share) for share in shares} == {type(rows)}


@given(st.integers(0, 200), st.integers(1, 20))
def test_shares_are_disjoint_complete_and_differ_by_a_row_at_most(total: int, world: int) -> None:
    shares = [shard_rows(range(total), rank, world) for rank in range(world)]
    assert [row for share in shares for row in share] == list(range(total))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(0, 200), st.integers(1, 20))
def test_even_shares_have_as_many_rows_and_leave_out_less_than_a_row_for_each(total: int, world: int) -> None:
    shares = [shard_rows(range(total), rank, world, even=True) for rank in range(world)]
    assert {len(share) for share in shares} == {total // world}
    assert all(first.stop == second.start for first, second in pairwise(shares))


def test_what_has_no_rows_is_refused() -> None:
    with pytest.raises(Misuse, match="A int has no rows to shard"):
        shard_rows(3, 0, 1)
