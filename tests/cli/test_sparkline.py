"""Small pictures of numbers."""

from __future__ import annotations

import math

from trivium.cli.signs import ASCII, UNICODE
from trivium.cli.sparkline import sparkline


def test_bars_rise_from_the_least_to_the_greatest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], signs=UNICODE) == "▁▂▃▄▅▆▇█"


def test_a_constant_is_in_the_middle_and_an_absent_value_is_a_dot() -> None:
    assert sparkline([3.0, None, math.nan, 3.0], signs=UNICODE) == "▅··▅"
    assert sparkline([None, None], signs=UNICODE) == "··"
    assert sparkline([]) == ""


def test_only_the_newest_values_are_drawn() -> None:
    assert len(sparkline(list(range(100)), width=24)) == 24


def test_the_largest_numbers_there_are_do_not_overflow() -> None:
    assert sparkline([-1.7e308, 1.7e308], signs=UNICODE) == "▁█"


def test_a_poor_terminal_gets_ascii() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, None], signs=ASCII).isascii()
