"""Checks on how good predictions are, declared on tables whose rows are predictions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from trivium.checks.kinds import rule
from trivium.checks.metric import error_rate, latency, metric
from trivium.checks.objective import objective
from trivium.errors import Misuse
from trivium.lineage.column_use import list_declared_uses
from trivium.store.store import Store
from trivium.tables.backtest import check_rows, replay_table
from trivium.tables.table import Table
from trivium.values.alerts import CheckResult
from trivium.values.tables import CheckSpec, Commit

AUC = metric("auc", at_least=0.6, label="late", score="score")
BY_ORIGIN = metric("auc", at_least=0.6, label="late", score="score", by="origin")
Judged = Callable[[Commit], list[CheckResult]]


def predictions(day: int, count: int = 400, *, signal: float = 1.0, origin: str = "EWR", **more: Any) -> pl.DataFrame:
    """Predictions of one day of January with their truth. signal: 1 is calibrated, 0 is noise, -1 upside down."""
    chance = np.random.default_rng([day, count, round(signal * 10) + 100, *origin.encode()])
    logit = 1.5 * chance.normal(size=count)
    start = datetime(2024, 1, day, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "id": [f"{origin}-{day}-{number}" for number in range(count)],
            "at": [start + timedelta(minutes=number) for number in range(count)],
            "late": chance.random(count) < 1 / (1 + np.exp(-signal * logit)),
            "score": 1 / (1 + np.exp(-logit)),
            "origin": [origin] * count,
            "latency_ms": chance.gamma(4.0, 2.0, count),
        }
    )
    return rows.with_columns(**more)


def table(*checks: CheckSpec, **more: Any) -> Table:
    return Table("scores", **{"key": "id", "time": "at", "watch": "off", "checks": checks, **more})


@pytest.fixture
def results(store: Store) -> Judged:
    """Everything that the checks said of a commit."""
    return lambda commit: [found for each in store.catalog.tables.judgements(commit.id) for found in each.results]


def test_a_useless_day_is_kept_aside_and_the_alert_shows_the_figures(store: Store, results: Judged) -> None:
    scores = table(AUC)
    good = scores.append(predictions(1), store=store)
    assert good.state == "valid"
    assert results(good)[0].message.startswith("auc 0.")
    assert scores.append(predictions(2, signal=0.0), store=store).state == "quarantined"
    (alert,) = store.catalog.alerts.list_alerts(table="scores")
    assert (alert.check, alert.kind, alert.partition) == ("auc(score) >= 0.6", "metric", "2024-01-02")
    assert alert.message.endswith("on 400 rows: at least 0.6 is demanded")


def test_each_slice_is_judged_alone_and_the_alert_names_it(store: Store) -> None:
    rows = pl.concat([predictions(1), predictions(1, signal=0.0, origin="JFK"), predictions(1, 9, origin="LGA")])
    assert table(BY_ORIGIN).append(rows, store=store).state == "quarantined"
    (alert,) = store.catalog.alerts.list_alerts(table="scores")
    assert alert.check == "auc(score) >= 0.6 by origin [origin=JFK]"
    assert alert.message.startswith("origin=JFK: auc 0.")


def test_rows_whose_truth_has_not_come_are_left_out_and_counted(store: Store, results: Judged) -> None:
    later = pl.when(pl.int_range(pl.len()) % 4 == 0).then(None).otherwise(pl.col("late"))
    (partly,) = results(table(AUC).append(predictions(1, late=later), store=store))
    assert partly.message.endswith("; 100 rows without a label or a score are left out")
    assert partly.evidence["rows"] == 300
    (nothing,) = results(table(AUC).append(predictions(2, late=pl.lit(None, dtype=pl.Boolean)), store=store))
    assert nothing.passed
    assert nothing.message.endswith("; 400 rows without a label or a score are left out")


def test_the_truth_that_comes_later_is_judged_by_the_upsert_that_brings_it(store: Store) -> None:
    scores = table(AUC)
    assert scores.append(predictions(1, late=pl.lit(None, dtype=pl.Boolean)), store=store).state == "valid"
    assert scores.upsert(predictions(1, signal=0.0), store=store).state == "quarantined"


def test_few_rows_pass_and_say_so(store: Store, results: Judged) -> None:
    (result,) = results(table(AUC).append(predictions(1, 20, signal=-1.0), store=store))
    assert result.passed
    assert "too few rows" in result.message


def test_a_window_reaches_into_the_partitions_before(store: Store, results: Judged) -> None:
    week = metric("auc", at_least=0.6, label="late", score="score", window="3d", severity="warn")
    scores = table(week)
    states = [scores.append(predictions(day, signal=0.0 if day < 3 else 1.0), store=store).state for day in range(1, 8)]
    assert states[0] == "flagged"
    assert states[-1] == "valid"
    (last,) = results(scores.append(predictions(8, 20), store=store))
    assert last.evidence["rows"] == 20 + 3 * 400 - 20  # the window ends with the newest row, so day 5 gave its end
    (again,) = results(scores.append(predictions(8, 20, origin="JFK"), store=store))
    assert again.evidence["rows"] == last.evidence["rows"] + 20


def test_a_window_sees_the_earlier_days_of_the_same_backfill(store: Store, results: Judged) -> None:
    week = metric("auc", at_least=0.6, label="late", score="score", window="7d")
    backfill = table(week).append(pl.concat([predictions(day, 100) for day in (1, 2, 3)]), store=store)
    assert [found.evidence["rows"] for found in results(backfill)] == [100, 200, 300]


def test_a_late_partition_is_judged_as_of_its_own_day(store: Store, results: Judged) -> None:
    scores = table(metric("auc", at_least=0.6, label="late", score="score", window="7d"))
    scores.append(predictions(9, 100), store=store)
    (late,) = results(scores.append(predictions(5, 100), store=store))
    assert late.evidence["rows"] == 100


def test_a_score_has_to_beat_the_column_of_another(store: Store) -> None:
    beats = metric("auc", against="champion_score", label="late", score="score", margin=-0.02)
    scores = table(beats)
    assert scores.append(predictions(1, champion_score=pl.col("score") + 0.0), store=store).state == "valid"
    worse = predictions(2, 1400).with_columns(champion_score=pl.col("score"), score=1 - pl.col("score"))
    assert scores.append(worse, store=store).state == "quarantined"
    (alert,) = store.catalog.alerts.list_alerts(table="scores")
    assert alert.check == "auc(score) beats champion_score by -0.02"
    assert "better than the champion_score's by -0." in alert.message


@pytest.mark.parametrize(
    "column", [pl.col("latency_ms"), pl.duration(microseconds=(pl.col("latency_ms") * 1000).cast(pl.Int64))]
)
def test_slow_answers_are_an_alert_about_their_column(store: Store, column: pl.Expr) -> None:
    scores = table(latency(p99="50ms", p50="5ms", column="took"))
    assert scores.append(predictions(1, took=column / 10), store=store).state == "valid"
    assert scores.append(predictions(2, took=column), store=store).state == "flagged"
    (alert,) = store.catalog.alerts.list_alerts(table="scores")
    assert (alert.column, alert.kind) == ("took", "latency")
    assert alert.message.startswith("p50 ")


@pytest.mark.parametrize(
    ("failed", "check"),
    [
        (pl.int_range(pl.len()) % 10 == 0, error_rate(at_most=0.01, column="failed")),
        (pl.when(pl.int_range(pl.len()) % 10 == 0).then(503).otherwise(404), error_rate(at_most=0.01, column="failed")),
        (
            pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("timeout")),
            error_rate(at_most=0.01, column="failed"),
        ),
        (
            pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("lost")).otherwise(pl.lit("done")),
            error_rate(at_most=0.01, column="failed", errors=["lost", "late"]),
        ),
    ],
)
def test_errors_are_told_from_answers_by_booleans_statuses_and_texts(
    store: Store, results: Judged, failed: pl.Expr, check: CheckSpec
) -> None:
    (result,) = results(table(check).append(predictions(1, failed=failed), store=store))
    assert (result.passed, result.observed, result.column) == (False, 0.1, "failed")
    assert result.message.endswith("on 400 rows: at most 0.01 is demanded")


def test_rows_that_do_not_say_whether_they_failed_are_no_errors(store: Store, results: Judged) -> None:
    unknown = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit(False))
    (result,) = results(table(error_rate(at_most=0.0, column="failed")).append(predictions(1, failed=unknown)))
    assert result.passed
    assert result.evidence["rows"] == 200
    assert "200 rows with no word of failing or not are left out" in result.message


def test_a_column_of_something_else_fails_the_check_instead_of_the_commit(store: Store, results: Judged) -> None:
    wrong = table(AUC, latency(p99="50ms", column="origin"), error_rate(at_most=0.1, column="score"))
    commit = wrong.append(predictions(1, late=pl.lit("late")), store=store)
    messages = [found.message for found in results(commit) if not found.passed]
    assert len(messages) == 3
    assert all("cannot be evaluated" in message for message in messages)


def test_a_column_that_the_rows_lack_is_named(store: Store) -> None:
    with pytest.raises(Misuse, match="reads column 'origin'"):
        table(BY_ORIGIN).append(predictions(1).drop("origin"), store=store)


def test_rows_without_any_slice_say_so(store: Store, results: Judged) -> None:
    nowhere = predictions(1).with_columns(origin=pl.lit(None, dtype=pl.String))
    (result,) = results(table(BY_ORIGIN).append(nowhere, store=store))
    assert (result.passed, result.message) == (True, "no row has a value of 'origin', so there is no slice to judge")


def test_a_declaration_that_lacks_its_columns_says_what_to_add() -> None:
    with pytest.raises(Misuse, match='add label="late", score="score"'):
        table(metric("auc", at_least=0.6))
    with pytest.raises(Misuse, match='add column="latency_ms"'):
        table(latency(p99="50ms"))
    with pytest.raises(Misuse, match='add column="error"'):
        table(error_rate(at_most=0.01))
    with pytest.raises(Misuse, match='against="champion_score"'):
        table(metric("auc", beats="champion"))
    with pytest.raises(Misuse, match="both label= and score="):
        metric("auc", at_least=0.6, label="late")
    with pytest.raises(Misuse, match="both label= and score="):
        metric("auc", against="champion_score")
    with pytest.raises(Misuse, match="declare it by time="):
        table(latency(p99="50ms", column="latency_ms", window="7d"), time=None)
    with pytest.raises(Misuse, match="a column about persons"):
        table(BY_ORIGIN, pii="origin")


def test_checks_come_back_from_the_catalog_as_they_were_declared(store: Store) -> None:
    checks = (
        metric("auc", against="champion_score", label="late", score="score", margin=-0.02, by="origin", window="7d"),
        latency(p99="50ms", column="latency_ms", window="1d"),
        error_rate(at_most=0.01, column="status", errors=[500, "lost"], window="1d"),
    )
    scores = table(*checks)
    assert scores.append(predictions(1, champion_score=pl.col("score"), status=pl.lit("ok")), store=store).version == 1
    assert store.catalog.tables.get_spec("scores").checks == checks
    assert list(list_declared_uses(scores.spec, "champion_score")) == [f"check {checks[0].name}"]


def test_a_promise_about_slices_is_broken_by_any_of_them_and_kept_by_a_dismissal(store: Store) -> None:
    promised = objective(BY_ORIGIN, "50 % of days in 4 d")
    scores = table(promised)
    scores.append(pl.concat([predictions(1), predictions(1, origin="JFK")]), store=store)
    scores.append(pl.concat([predictions(2), predictions(2, signal=0.0, origin="JFK")]), store=store)
    (budget,) = store.catalog.tables.budgets("scores")
    assert (budget.check, budget.judged, budget.failures) == (promised.name, 2, ("2024-01-02",))
    (alert,) = store.catalog.alerts.list_alerts(table="scores")
    store.catalog.alerts.judge(alert.id, true_alarm=False, because="a strike", actor="ada")
    assert store.catalog.tables.budgets("scores")[0].failures == ()


def test_what_a_commit_would_be_told_and_the_replayed_past_are_judged_alike(store: Store) -> None:
    week = metric("auc", at_least=0.6, label="late", score="score", window="2d")
    scores = table(week)
    for day in (1, 2, 3):
        scores.append(predictions(day, 100), store=store)
    (judgement,) = check_rows(store, "scores", predictions(4, 100))
    assert judgement.results[0].evidence["rows"] == 200
    replayed = [found.results[0].evidence["rows"] for _, found in replay_table(store, "scores").walk()]
    assert replayed == [100, 200, 200]


def test_other_checks_on_the_table_are_judged_as_ever(store: Store, results: Judged) -> None:
    commit = table(rule("score >= 0"), AUC, rule("score <= 1")).append(predictions(1), store=store)
    assert [found.kind for found in results(commit)] == ["rule", "metric", "rule"]
