"""A metric check alarms when the evidence excludes the bound, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.metric import latency, metric
from trivium.checks.predictions import judge_exam, judge_predictions
from trivium.errors import Misuse, SchemaMismatch
from trivium.values.alerts import CheckResult
from trivium.values.tables import CheckSpec

START = datetime(2024, 1, 1, tzinfo=UTC)


def served(count: int, *, signal: float = 1.0, seed: int = 1, depot: str = "north", days: int = 10) -> pl.DataFrame:
    """Served predictions over some days, with their labels."""
    chance = np.random.default_rng(seed)
    logit = 1.5 * chance.normal(size=count)
    labels = chance.random(count) < 1 / (1 + np.exp(-signal * logit))
    return pl.DataFrame(
        {
            "at": [START + timedelta(days=days * number / count) for number in range(count)],
            "label": labels,
            "score": 1 / (1 + np.exp(-logit)),
            "latency_ms": chance.gamma(4.0, 2.0, count),
            "depot": [depot] * count,
        }
    )


def judge(spec: CheckSpec, rows: pl.DataFrame) -> list[CheckResult]:
    return judge_predictions(spec, rows, time="at", now_partition="2024-01-10")


def test_a_good_model_passes_and_the_message_shows_the_figures() -> None:
    (result,) = judge(metric("auc", at_least=0.7), served(2000))
    assert result.passed
    assert result.partition == "2024-01-10"
    assert result.message.startswith(f"auc {result.observed:.3f} (")
    assert "2,000 rows" in result.message


def test_a_useless_model_fails_with_its_surprise() -> None:
    (result,) = judge(metric("auc", at_least=0.7), served(2000, signal=0.0))
    assert not result.passed
    assert result.severity == "block"
    assert result.surprise is not None
    assert result.surprise > 1


def test_few_rows_below_the_bound_are_no_alarm_and_say_so() -> None:
    (result,) = judge(metric("auc", at_least=0.9), served(40))
    assert isinstance(result.observed, float)
    assert result.observed < 0.9
    assert result.passed
    assert "too few rows" in result.message


def test_each_slice_is_judged_by_itself_under_its_own_name() -> None:
    rows = pl.concat([served(1500, depot="north"), served(1500, signal=0.0, depot="south"), served(10, depot="west")])
    results = judge(metric("auc", at_least=0.65, by="depot"), rows)
    assert [(result.check, result.passed) for result in results] == [
        ("auc >= 0.65 by depot [depot=north]", True),
        ("auc >= 0.65 by depot [depot=south]", False),
        ("auc >= 0.65 by depot [depot=west]", True),
    ]
    assert results[1].evidence["slice"] == "depot=south"


def test_only_the_window_counts() -> None:
    old, new = served(3000, signal=0.0, days=5), served(3000, days=2)
    rows = pl.concat([old, new.with_columns(pl.col("at") + timedelta(days=8))])
    assert not judge(metric("auc", at_least=0.7), rows)[0].passed
    assert judge(metric("auc", at_least=0.7, window="3d"), rows)[0].passed


def test_predictions_without_truth_yet_are_no_alarm() -> None:
    rows = served(100).with_columns(label=pl.lit(None, dtype=pl.Boolean))
    (result,) = judge(metric("auc", at_least=0.7), rows)
    assert result.passed
    assert "not defined" in result.message


def test_an_upper_bound_is_for_losses() -> None:
    assert judge(metric("brier", at_most=0.24), served(2000))[0].passed
    assert not judge(metric("brier", at_most=0.1), served(2000))[0].passed


def test_latency_alarms_when_the_quantile_is_surely_above() -> None:
    rows = served(2000)
    assert judge(latency(p99="50ms"), rows)[0].passed
    failed = judge(latency(p50="2ms", p99="50ms"), rows)
    assert [result.passed for result in failed] == [False, True]
    assert "at most 2 ms" in failed[0].message
    assert judge(latency(p50="2ms"), rows.head(20))[0].passed


def test_a_gate_demands_the_bound_itself_on_all_rows() -> None:
    rows = served(40)
    assert not judge_exam(metric("auc", at_least=0.9), rows, partition="exam")[0].passed
    assert judge_exam(metric("auc", at_least=0.9, by="depot"), rows, partition="exam")[0].passed
    undefined = rows.with_columns(label=pl.lit(1))
    assert not judge_exam(metric("auc", at_least=0.5), undefined, partition="exam")[0].passed


def test_beating_has_to_be_shown_on_the_same_rows() -> None:
    rows = served(2000).with_columns(baseline=pl.lit(0.5), champion=pl.col("score") + 0.0)
    beats = metric("auc", beats="baseline", margin=0.05)
    assert judge_exam(beats, rows, partition="exam")[0].passed
    (equal,) = judge_exam(metric("auc", beats="champion"), rows, partition="exam")
    assert not equal.passed
    assert "champion's by 0.000" in equal.message
    assert judge_exam(metric("auc", beats="champion"), rows.drop("champion"), partition="exam")[0].passed
    assert not judge_exam(beats, rows.drop("baseline"), partition="exam")[0].passed


def test_a_declaration_that_means_nothing_is_refused() -> None:
    with pytest.raises(Misuse, match="exactly one"):
        metric("auc")
    with pytest.raises(Misuse, match="exactly one"):
        metric("auc", at_least=0.5, at_most=0.6)
    with pytest.raises(Misuse, match="no measure"):
        metric("ouch", at_least=0.5)
    with pytest.raises(Misuse, match="length of time"):
        metric("auc", at_least=0.5, window="a week")
    with pytest.raises(Misuse, match="means nothing"):
        metric("rate", beats="baseline")
    with pytest.raises(Misuse, match="quantile"):
        latency()
    with pytest.raises(Misuse, match="gate"):
        judge(metric("auc", beats="champion"), served(50))
    with pytest.raises(SchemaMismatch, match="'carrier'"):
        judge(metric("auc", at_least=0.5, by="carrier"), served(50))
