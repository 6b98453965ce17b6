from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trivium.checks import repeated
from trivium.checks.kinds.unique import judge_unique, unique
from trivium.checks.repeated import count_repeated, find_repeated
from trivium.checks.whole import MANY_ROWS

ROWS = 1_000


@pytest.fixture(params=[(2**24, 2**20, 500_000), (300, 40, 130)])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All hashes at once, and a share of them at a time."""
    for name, size in zip(("MOST_HASHES", "MOST_KEYS", "CHUNK"), request.param, strict=True):
        monkeypatch.setattr(repeated, name, size)


def make_keys(distinct: int) -> pl.DataFrame:
    """Keys of two columns with nulls, NaN and both zeros."""
    random = np.random.default_rng(1)
    letters = pl.Series("s", random.choice(list("abc"), ROWS)).set(pl.Series(random.random(ROWS) < 0.1), None)
    numbers = random.integers(0, distinct, ROWS).astype(float)
    numbers[numbers == 1] = -0.0
    numbers[numbers == 2] = np.nan
    return pl.DataFrame({"x": numbers, "s": letters})


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("distinct", [1, 30, 2_000])
def test_rows_that_share_a_key_are_found_exactly(distinct: int) -> None:
    keys = make_keys(distinct)
    known = pl.all_horizontal(pl.all().is_not_null())
    expected = keys.with_row_index().filter(known & pl.struct("x", "s").is_duplicated())["index"]
    assert find_repeated(keys, 5) == (len(expected), expected.head(5).to_list())


@pytest.mark.usefixtures("sizes")
def test_a_key_of_all_rows_is_found_and_one_of_none_is_not() -> None:
    assert find_repeated(pl.DataFrame({"a": ["x"] * ROWS}), 3) == (ROWS, [0, 1, 2])
    assert find_repeated(pl.DataFrame({"a": range(ROWS)}), 3) == (0, [])
    assert find_repeated(pl.DataFrame({"a": pl.Series([None] * ROWS, dtype=pl.Int64)}), 3) == (0, [])


@pytest.mark.usefixtures("sizes")
def test_repeated_rows_are_counted_in_any_number_of_shares() -> None:
    keys = make_keys(30)
    assert count_repeated(keys) == ROWS - keys.n_unique()


def test_unique_says_the_same_of_many_rows_as_of_few() -> None:
    check, keys = unique("n", "s"), make_keys(30).with_row_index("n")
    many = pl.concat([keys.with_columns(n=pl.col("n") + start) for start in range(0, MANY_ROWS + 1, ROWS)])
    assert judge_unique(check, many).passed
    several = pl.concat([many, keys.slice(500, 10)])
    found = judge_unique(check, several)
    shown = keys["n"].slice(500, 10).filter(keys["s"].slice(500, 10).is_not_null())
    assert found.failing_rows == 2 * len(shown)
    assert [row["n"] for row in found.examples] == shown.head(5).to_list()
