from __future__ import annotations

import numpy as np
import pytest

from trivium.checks.tail import tail_threshold


def test_an_exponential_tail_is_extrapolated_to_its_rate() -> None:
    maxima = np.random.default_rng(3).exponential(1.0, 20_000)
    assert tail_threshold(maxima, 1e-4) == pytest.approx(np.log(1e4), rel=0.1)


def test_a_rarer_alarm_needs_a_higher_level() -> None:
    maxima = np.random.default_rng(3).exponential(1.0, 100)
    assert tail_threshold(maxima, 0.001) > tail_threshold(maxima, 0.01) > maxima.mean()


def test_without_history_nothing_is_too_surprising() -> None:
    assert tail_threshold(np.array([1.0, 2.0]), 0.01) == float("inf")


def test_equal_maxima_are_their_own_threshold() -> None:
    assert tail_threshold(np.full(50, 0.4), 0.001) == pytest.approx(0.4)
