from __future__ import annotations

import math

import pytest

from trivium.checks.alarm_quality import Rate, measure_quality, rate
from trivium.checks.backtest import Backtest
from trivium.checks.replay import Ruling
from trivium.checks.trial import Trial


def ruling(*columns: str, score: float = 0.0, partition: str = "2024-01-01") -> Ruling:
    """What the checks said: these columns, or all is well."""
    return Ruling(partition, "flagged" if columns else "valid", frozenset(columns), score)


def trial(
    said: Ruling, *damaged: str, kind: str = "null_spike", severity: str = "blatant", at: int | None = None
) -> Trial:
    """A trial; at: which broken partition in a row was seen."""
    return Trial(kind, severity, frozenset(damaged), 1.0, said, at or 5, at)


SEEN, MISSED = trial(ruling("fare", score=2.0), "fare", at=1), trial(ruling(score=0.5), "fare")


def test_a_rate_has_the_interval_of_wilson() -> None:
    known = rate([True] * 8 + [False] * 2)  # Brown, Cai and DasGupta, Statistical Science 16 (2001), give the formula
    assert (known.hits, known.total, known.share) == (8, 10, 0.8)
    assert known.low == pytest.approx(0.4901625, abs=1e-6)
    assert known.high == pytest.approx(0.9433178, abs=1e-6)


def test_nothing_counted_is_no_rate() -> None:
    assert rate([]) == Rate(0, 0, None, None, None)


@pytest.mark.parametrize("total", [1, 30, 1000])
def test_even_a_perfect_rate_is_not_sure(total: int) -> None:
    low = rate([True] * total).low
    assert low is not None
    assert low < 1.0


def test_recall_over_all_is_the_mean_of_the_severities() -> None:
    moderate = [trial(ruling(), "fare", severity="moderate") for _ in range(3)]
    quality = measure_quality(Backtest((ruling(),), (SEEN, *moderate)))
    assert quality.recall["all"].share == pytest.approx(0.5)
    assert (quality.recall["all"].hits, quality.recall["all"].total) == (1, 4)
    assert quality.recall["subtle"].share is None


def test_precision_follows_from_recall_and_false_alarms_by_how_rare_faults_are() -> None:
    clean = (ruling("fare", score=1.5), *(ruling() for _ in range(49)))
    quality = measure_quality(Backtest(clean, (SEEN,) * 9 + (MISSED,)))
    assert quality.false_alarms.share == pytest.approx(0.02)
    for odds, k in {"1:1": 1, "1:10": 9, "1:30": 29}.items():
        figure = quality.precision[odds]
        assert figure.value == pytest.approx(0.9 / (0.9 + k * 0.02))
        assert figure.low is not None
        assert figure.high is not None
        assert figure.value is not None
        assert figure.low < figure.value < figure.high


def test_columns_count_by_pairs_at_as_many_broken_as_clean_partitions() -> None:
    clean = (ruling("tip", score=1.0), ruling(), ruling(), ruling())
    trials = (trial(ruling("fare", "tip"), "fare", at=1), trial(ruling("fare"), "fare", "toll", at=1))
    quality = measure_quality(Backtest(clean, trials))
    assert quality.column_precision == pytest.approx(2 / (3 + 0.25 * 2))
    assert quality.column_recall == pytest.approx(2 / 3)
    assert quality.loudest == {"tip": 0.25}


def test_faults_of_rows_say_nothing_about_columns() -> None:
    quality = measure_quality(Backtest((ruling(),), (trial(ruling("fare"), kind="truncation", at=1),)))
    assert (quality.column_precision, quality.column_recall) == (None, None)
    assert quality.recall["blatant"].share == 1.0


def test_the_best_threshold_lies_where_broken_and_clean_part() -> None:
    clean = tuple(ruling(score=score) for score in (0.1, 0.2, 0.3, 0.6))
    trials = tuple(trial(ruling(score=score), "fare") for score in (0.5, 0.9, 1.1, math.inf))
    quality = measure_quality(Backtest(clean, trials))
    assert quality.best_threshold == 0.5
    assert quality.best_f1 == pytest.approx(2 / (1 + 1 + 0.25))


def test_a_fault_that_stays_is_seen_sooner_or_later() -> None:
    late = trial(ruling(), "fare", at=3)
    quality = measure_quality(Backtest((ruling(),), (SEEN, late, MISSED, MISSED)))
    assert [quality.caught_within[number].share for number in (1, 2, 3, 5)] == [0.25, 0.25, 0.5, 0.5]


def test_a_fault_whose_partitions_ended_early_does_not_count_as_missed_later() -> None:
    short = Trial("null_spike", "blatant", frozenset({"fare"}), 1.0, ruling(), 2, None)
    quality = measure_quality(Backtest((ruling(),), (SEEN, short, MISSED)))
    assert [quality.caught_within[number].total for number in (1, 2, 3)] == [3, 3, 2]


def test_without_trials_only_the_false_alarms_are_known() -> None:
    quality = measure_quality(Backtest((ruling(), ruling("fare", score=1.2)), ()))
    assert quality.false_alarms.share == 0.5
    assert quality.recall["all"].share is None
    assert quality.precision["1:30"].value is None
    assert (quality.best_f1, quality.caught_within, quality.by_kind) == (None, {}, {})
