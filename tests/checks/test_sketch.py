"""Traces of columns by place."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trivium.checks.sketch import MOST, find_staleness, pick_places, sketch_column


def column(seed: int, rows: int) -> pl.Series:
    return pl.Series(np.random.default_rng(seed).integers(0, 10_000, rows))


def sketch_of(values: pl.Series) -> bytes:
    return sketch_column(pick_places(values.to_frame("x")), "x")


def test_rows_of_an_earlier_day_are_found_whatever_their_share() -> None:
    old, new = column(1, 1000), column(2, 1000)
    mixed = pl.concat([new[:700], old[700:]])
    found = find_staleness(sketch_of(mixed), [sketch_of(column(3, 1000)), sketch_of(old)])
    assert found.whole == pytest.approx(0.3, abs=0.03)
    assert find_staleness(sketch_of(new), [sketch_of(old)]).whole < 0.03


def test_a_stretch_of_an_earlier_day_stands_out_where_single_places_agree_by_chance() -> None:
    days = [pl.Series(np.random.default_rng(seed).integers(0, 12, 200)) for seed in range(20)]
    mixed = pl.concat([days[0][:80], days[9][80:120], days[0][120:]])
    past = [sketch_of(day) for day in days[1:]]
    assert find_staleness(sketch_of(days[0]), past).stretch < 0.02
    assert find_staleness(sketch_of(mixed), past).stretch > 0.08


def test_values_that_stay_for_many_rows_do_not_count_as_copied_by_each_of_them() -> None:
    hours = [pl.Series(np.repeat(np.random.default_rng(seed).integers(0, 30, 10), 20)) for seed in range(20)]
    assert find_staleness(sketch_of(hours[0]), [sketch_of(hour) for hour in hours[1:]]).stretch == 0.0


@pytest.mark.parametrize("rows", [300, 500, 2000, 5000])
def test_partitions_of_other_sizes_are_compared_place_by_place(rows: int) -> None:
    long = column(1, 5000)
    found = find_staleness(sketch_of(long[:rows]), [sketch_of(long)])
    assert found.whole > 0.9 * min(1.0, (5000 // 32 + 1) / (rows // 32 + 1))


def test_texts_that_differ_by_a_constant_are_not_alike() -> None:
    names = [pl.Series([f"r{day}-{row}" for row in range(300)]) for day in range(30)]
    assert find_staleness(sketch_of(names[-1]), [sketch_of(each) for each in names[:-1]]).whole < 0.1


def test_times_that_differ_by_days_are_not_alike() -> None:
    minutes = np.arange(300) * np.timedelta64(1, "m")
    days = [pl.Series(np.datetime64("2024-01-01", "us") + np.timedelta64(day, "D") + minutes) for day in range(60)]
    assert find_staleness(sketch_of(days[-1]), [sketch_of(each) for each in days[:-1]]).whole < 0.1
    assert find_staleness(sketch_of(days[-1]), [sketch_of(days[-1])]).whole == 1.0


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 256, 257, 512, 513, 100_000])
def test_a_sketch_is_small_whatever_the_rows(rows: int) -> None:
    assert len(sketch_of(column(1, rows))) <= MOST + 1
