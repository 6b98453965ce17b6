"""Distances between samples, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trivium.checks.distance import OTHERS, bin_levels, bin_numbers, jensen_shannon, ks, psi, smoothed


def test_ks_is_the_greatest_gap_of_the_distribution_functions() -> None:
    assert ks(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0])) == 0.5
    assert ks(np.array([1.0, 1.0]), np.array([1.0])) == 0.0
    assert ks(np.array([0.0]), np.array([1.0, 2.0])) == 1.0
    assert ks(np.array([-np.inf, 1.0]), np.array([1.0, np.inf])) == 0.5


def test_psi_of_two_coins() -> None:
    now, before = np.array([0.5, 0.5]), np.array([0.8, 0.2])
    assert psi(now, before) == pytest.approx(0.3 * math.log(1.6) + 0.3 * math.log(2.5))
    assert psi(now, now) == 0


def test_jensen_shannon_is_one_for_what_has_nothing_in_common_and_zero_for_the_same() -> None:
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert jensen_shannon(np.array([0.3, 0.7]), np.array([0.3, 0.7])) == 0.0


def test_smoothed_shares_are_above_zero_and_add_up() -> None:
    now, before = smoothed(np.array([0.0, 4.0]), np.array([2.0, 0.0]))
    assert (now.tolist(), before.tolist()) == ([0.1, 0.9], [2.5 / 3, 0.5 / 3])


def test_bins_of_numbers_are_tenths_of_the_sample_before() -> None:
    labels, now, before = bin_numbers(np.array([0.0, 1000.0]), np.arange(100.0))
    assert before.tolist() == [10.0] * 10
    assert now.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (labels[0], labels[1], labels[-1]) == ("up to 9", "9 to 19", "above 89")


def test_a_value_that_holds_much_of_the_sample_has_a_bin_of_its_own() -> None:
    labels, now, before = bin_numbers(np.array([-1.0, 0.5]), np.array([0.0] * 90 + [1.0] * 10))
    assert labels == ["below 0", "0", "above 0"]
    assert (now.tolist(), before.tolist()) == ([1, 0, 1], [0, 90, 10])


def test_the_most_frequent_levels_are_bins_and_all_the_others_one() -> None:
    before = {f"v{number:03}": 300 - number for number in range(150)}
    labels, now, counts = bin_levels({"v000": 3, "v149": 4, "new": 5}, before)
    assert (len(labels), labels[0], labels[-1]) == (101, "v000", OTHERS)
    assert (now[0], now[-1], counts[0], counts[-1]) == (3, 9, 300, sum(300 - number for number in range(100, 150)))
