from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from trivium.checks.numbers import describe_numbers
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.checks.texts import as_ranks, count_texts, describe_text_order, describe_texts
from trivium.checks.whole import MANY_ROWS
from trivium.values.alerts import ColumnProfile

ROWS = MANY_ROWS + 321_123
EXACT = ("minimum", "maximum", "zero_rate", "negative_rate", "repeat_rate", "longest_run", "nan_rate", "infinite_rate")


def profile_of(values: pl.Series) -> ColumnProfile:
    return profile_partition("t", Partition("2024-01-02", values.to_frame())).columns[0]


def make_numbers() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    random = np.random.default_rng(7)
    values = np.round(random.normal(size=ROWS) * 50, 2)
    values[499_998:500_040] = 3.0
    values[[5, ROWS - 1]] = np.nan, np.inf
    values[17] = -1e6
    return values


def test_limits_rates_and_runs_of_many_numbers_are_those_of_all_rows() -> None:
    values = make_numbers()
    found, whole = profile_of(pl.Series("x", values)).facts, describe_numbers(values)
    assert {name: found[name] for name in EXACT} == pytest.approx({name: whole[name] for name in EXACT}, rel=1e-12)
    assert found["distinct"] == whole["distinct"]


def test_quantiles_and_moments_of_many_numbers_are_near_those_of_all_rows() -> None:
    values = make_numbers()
    found, whole = profile_of(pl.Series("x", values)).facts, describe_numbers(values)
    assert found.keys() == {"null_rate", *whole}
    for name in ("q05", "q25", "median", "q75", "q95", "mean", "sd"):
        assert found[name] == pytest.approx(whole[name], abs=0.05 * whole["sd"])


def test_frequent_values_of_many_rows_are_counted_among_all_of_them() -> None:
    values = pl.Series("x", ["a", "b", "b", "c"] * (ROWS // 4))
    values = values.set(pl.Series(np.arange(len(values)) == 12_345), "once")
    column = profile_of(values)
    assert column.facts["distinct"] == 4
    assert column.top["once"] == round(1 / len(values), 6) > 0


def test_length_and_order_of_many_texts_are_near_those_of_all_rows() -> None:
    random = np.random.default_rng(3)
    values = "Shop " + pl.Series("x", random.integers(0, 10**7, ROWS)).cast(pl.String)
    ranks = as_ranks(values.rank("dense"))
    whole = describe_texts(*count_texts(values, ranks))[0] | describe_text_order(values, ranks)
    found = profile_of(values).facts
    assert found.keys() == {"null_rate", *whole}
    assert found["distinct"] == pytest.approx(whole["distinct"], rel=0.03)
    for name in ("length_mean", "length_minimum", "length_maximum", "repeat_rate", "longest_run"):
        assert found[name] == pytest.approx(whole[name], rel=1e-12)
    for name in ("upper_rate", "digit_share", "space_share", "number_rate"):
        assert found[name] == pytest.approx(whole[name], abs=0.01)


def test_times_of_many_rows_are_offsets_from_their_partition() -> None:
    minutes = np.arange(ROWS) * np.timedelta64(100, "ms") + np.datetime64("2024-01-02T01:00:00", "ms")
    facts = profile_of(pl.Series("x", minutes)).facts
    assert facts["minimum"] == 1.0
    assert facts["maximum"] == pytest.approx(1.0 + (ROWS - 1) / 36_000)
    assert facts["below_before"] == 0.0


@pytest.mark.parametrize("dtype", [pl.Duration("ms"), pl.Time, pl.Boolean, pl.Decimal(12, 2), pl.Categorical])
def test_many_values_of_any_type_have_the_facts_of_few(dtype: pl.DataType) -> None:
    few = pl.Series("x", np.arange(1_000) % 50)
    few = few.cast(pl.String).cast(dtype) if dtype == pl.Categorical else few.cast(dtype)
    many = pl.concat([few] * (ROWS // 1_000))
    assert profile_of(many).facts.keys() == profile_of(few).facts.keys()


def test_a_large_partition_has_the_same_profile_each_time() -> None:
    rows = pl.DataFrame({"x": make_numbers(), "s": pl.Series(make_numbers()).cast(pl.String), "n": [None] * ROWS})
    part = Partition("2024-01-02", rows.with_columns(at=pl.lit(datetime(2024, 1, 2))))  # noqa: DTZ001
    assert profile_partition("t", part) == profile_partition("t", part)


def test_repeated_rows_of_a_large_partition_are_counted() -> None:
    rows = pl.DataFrame({"a": np.arange(ROWS) // 2, "b": "x"})
    found = profile_partition("t", Partition("all", rows)).facts
    assert found["duplicate_rate"] == pytest.approx(0.5, abs=1e-5)
