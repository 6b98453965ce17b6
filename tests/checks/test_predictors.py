"""One-step predictors of facts."""

from __future__ import annotations

import numpy as np
import pytest

from trivium.checks.facts import Floats
from trivium.checks.predictors import PREDICTORS, predict

NAN = float("nan")


def weekly(tuesdays: list[float], others: float = 20.0) -> list[Floats]:
    """Vectors of one fact over whole weeks; only Tuesdays differ."""
    return [np.array([tuesday if day == 1 else others]) for tuesday in tuesdays for day in range(7)]


def predicted(values: list[Floats], phase: int) -> dict[str, float]:
    shifts = [value - 20.0 for value in values]
    found = predict(values, shifts, [number % 7 for number in range(len(values))], phase)
    return dict(zip(PREDICTORS, found[:, 0].tolist(), strict=True))


def test_a_weekday_is_expected_to_be_as_it_was_at_the_last_four() -> None:
    found = predicted(weekly([90.0, 50.0, 50.0, 50.0, 50.0]), phase=1)
    assert (found["phase"], found["shifted"], found["week"]) == (50.0, 50.0, 20.0)


@pytest.mark.parametrize("tuesdays", [[NAN, NAN, 20.0, 500.0], [20.0, 500.0]])
def test_one_storm_is_not_expected_again_where_two_such_days_are_known(tuesdays: list[float]) -> None:
    found = predicted(weekly(tuesdays), phase=1)
    assert (found["phase"], found["shifted"]) == (20.0, 20.0)
