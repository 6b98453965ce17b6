"""The stretch of numbers that a picture shows."""

from __future__ import annotations

import math

import pytest

from trivium.pictures.axis import Axis, fit_axis, ticks
from trivium.pictures.boxes import box_axis
from trivium.pictures.picture import Shape


def test_a_single_wild_value_does_not_flatten_the_others() -> None:
    axis = fit_axis("median", [*[10.0, 11.0, 12.0] * 5, 1e12], [9.0, 13.0])
    assert axis.high < 20
    assert not axis.holds(1e12)
    assert axis.place(1e12) == 1.0


def test_a_value_in_another_unit_is_still_on_the_axis() -> None:
    assert fit_axis("median", [*[66.0, 70.0, 75.0] * 5, 21.0], [60.0, 80.0]).holds(21.0)


@pytest.mark.parametrize(
    "values", [[], [None], [math.nan, math.inf], [0.0], [5.0], [1.7e308, -1.7e308], [5e-324], [1e15, 1e15 + 1]]
)
def test_there_is_an_axis_for_any_values(values: list[float | None]) -> None:
    axis = fit_axis("median", values)
    assert axis.low < axis.high
    assert all(math.isfinite(each) for each in (axis.low, axis.high, *ticks(axis)))


def test_shares_stay_between_none_and_all() -> None:
    axis = fit_axis("null_rate", [0.0, 1.0, 0.5], [0.0, 1.0])
    assert (axis.low, axis.high) == (0.0, 1.0)


def test_ticks_are_few_and_round() -> None:
    assert ticks(Axis(17.0, 83.0)) == [20.0, 40.0, 60.0, 80.0]


def test_of_lengths_the_shortest_and_the_longest_are_on_the_axis() -> None:
    lengths = {"minimum": 2.0, "mean": 3.7, "maximum": 4.0}
    axis = box_axis([Shape("before", lengths, {}), Shape("after", lengths, {})])
    assert axis.holds(2.0)
    assert axis.holds(4.0)


def test_a_far_extreme_does_not_flatten_the_quartiles() -> None:
    axis = box_axis([Shape("now", {"minimum": -1e9, "q25": 1.0, "median": 2.0, "q75": 3.0, "maximum": 4.0}, {})])
    assert axis.low > -10
