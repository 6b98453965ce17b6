"""Small pictures of numbers."""

from __future__ import annotations

import math

from trivium.cli.sparkline import band_chart, sparkline


def test_bars_rise_from_the_least_to_the_greatest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"


def test_a_constant_is_in_the_middle_and_an_absent_value_is_a_dot() -> None:
    assert sparkline([3.0, None, math.nan, 3.0]) == "▅··▅"
    assert sparkline([None, None]) == "··"
    assert sparkline([]) == ""


def test_only_the_newest_values_are_drawn() -> None:
    assert len(sparkline(list(range(100)), width=24)) == 24


def test_an_observation_outside_of_the_band_stands_alone() -> None:
    lines = [line.plain for line in band_chart([10.0, 11.0, None, 10.5], 9.5, 11.5, 2.0)]
    assert lines[0].startswith("11.5 ")
    assert lines[-1].strip().endswith("●")
    assert "░" not in lines[-1]
    assert len({len(line) for line in lines}) == 1


def test_an_observation_inside_of_the_band_is_drawn_on_it() -> None:
    lines = [line.plain for line in band_chart([10.0, 12.0], 8.0, 14.0, 11.0)]
    (drawn,) = [line for line in lines if "●" in line]
    assert drawn.count("░") == 2
