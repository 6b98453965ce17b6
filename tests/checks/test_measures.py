"""Measures agree with their definitions, and intervals hold what they promise."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

from trivium.checks.measures import find_measure, improvement, measure, measures_for, midranks
from trivium.errors import Misuse


def rows(count: int, seed: int, signal: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    logit = signal * chance.normal(size=count) - 0.8
    scores = 1 / (1 + np.exp(-logit))
    return (chance.random(count) < scores).astype(float), np.round(scores, 2)


def test_measures_equal_the_reference_implementation() -> None:
    labels, scores = rows(700, 1)
    wanted = {
        "auc": metrics.roc_auc_score(labels, scores),
        "brier": metrics.brier_score_loss(labels, scores),
        "log_loss": metrics.log_loss(labels, scores),
        "accuracy": metrics.accuracy_score(labels, scores >= 0.5),
        "rmse": metrics.root_mean_squared_error(labels, scores),
        "mae": metrics.mean_absolute_error(labels, scores),
        "rate": labels.mean(),
    }
    for name, value in wanted.items():
        found = measure(name, labels, scores)
        assert found.value == pytest.approx(value, abs=1e-12), name
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high


def test_auc_by_hand_with_ties() -> None:
    assert measure("auc", [0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]).value == (1 + 0.5 + 1 + 1) / 4


@pytest.mark.parametrize("size", [40, 400])
def test_an_interval_of_auc_covers_the_truth_19_times_in_20(size: int) -> None:
    labels, scores = rows(200_000, 5)
    truth = measure("auc", labels, scores).value
    covered = 0
    for seed in range(300):
        found = find_measure("auc", *rows(size, 100 + seed))
        assert found is not None
        covered += found.low <= truth <= found.high  # type: ignore[operator]
    assert 0.91 <= covered / 300 <= 0.99


def test_few_perfect_rows_do_not_prove_a_perfect_model() -> None:
    found = measure("auc", [0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6])
    assert found.value == 1
    assert found.low is not None
    assert found.low < 0.75


def test_a_paired_difference_sees_what_two_intervals_cannot() -> None:
    labels, scores = rows(3000, 7)
    worse = scores + 0.04 * np.random.default_rng(1).normal(size=3000)
    ours, theirs = measure("auc", labels, scores), measure("auc", labels, worse)
    gain = improvement("auc", labels, scores, worse)
    assert gain is not None
    assert gain.value == pytest.approx(ours.value - theirs.value)
    assert gain.low is not None
    assert gain.low > 0
    assert ours.low is not None
    assert ours.low < theirs.value  # the single intervals overlap


def test_an_improvement_is_positive_for_losses_too() -> None:
    labels, scores = rows(500, 3)
    for name in ("log_loss", "brier", "rmse", "mae"):
        gain = improvement(name, labels, scores, np.full(500, 0.9))
        assert gain is not None
        assert gain.value > 0
        assert gain.low is not None
        assert gain.high is not None
        assert gain.low < gain.value < gain.high


def test_a_paired_interval_of_equal_scores_is_exactly_zero() -> None:
    labels, scores = rows(200, 4)
    for name in ("auc", "brier", "rmse"):
        gain = improvement(name, labels, scores, scores)
        assert gain is not None
        assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_rows_without_label_are_left_out_and_not_counted() -> None:
    found = measure("auc", pl.Series([True, None, False]), pl.Series([0.9, 0.8, 0.1]))
    assert (found.value, found.rows) == (1.0, 2)


def test_what_is_not_defined_is_said_not_guessed() -> None:
    assert find_measure("auc", [1, 1], [0.2, 0.3]) is None
    assert find_measure("brier", [], []) is None
    with pytest.raises(Misuse, match="not defined on these 2 rows"):
        measure("auc", [1, 1], [0.2, 0.3])
    with pytest.raises(Misuse, match="no measure 'gini'"):
        measure("gini", [1], [1])
    with pytest.raises(Misuse, match=r"\[2, 1\] rows"):
        measure("auc", [1, 0], [1])
    with pytest.raises(Misuse, match="better or worse"):
        improvement("rate", [1, 0], [1, 0], [0, 1])


def test_calibrated_scores_have_less_calibration_error_than_shifted_ones() -> None:
    chance = np.random.default_rng(2)
    scores = chance.random(5000)
    labels = (chance.random(5000) < scores).astype(float)
    good, bad = measure("calibration_error", labels, scores), measure("calibration_error", labels, scores * 0.7)
    assert good.value < 0.03 < bad.value
    assert good.value == pytest.approx(_by_bins(labels, scores))


def _by_bins(labels: np.ndarray, scores: np.ndarray) -> float:
    order = np.argsort(scores)
    return float(np.mean([abs(labels[part].mean() - scores[part].mean()) for part in np.split(order, 10)]))


def test_each_target_has_its_measures() -> None:
    assert measures_for("binary")[0] == "auc"
    assert measures_for("regression") == ("rmse", "mae")


def test_equal_values_share_their_rank() -> None:
    assert midranks(np.array([10.0, 20.0, 10.0, 30.0])).tolist() == [1.5, 3.0, 1.5, 4.0]
    assert math.isclose(midranks(np.array([1.0])).sum(), 1.0)
