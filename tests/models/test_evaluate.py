"""An evaluation is measured, stored with its rows, and set beside something simple."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

from trivium.checks.measures import measure
from trivium.errors import Misuse, NotFound, SchemaMismatch
from trivium.models.baseline import answer, learn_baseline
from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.report import find_metric, read_exam, read_report, store_report
from trivium.pipelines.context import TaskContext, use_task
from trivium.store.store import Store
from trivium.values.models import Report


@pytest.fixture
def report(store: Store, model: Model, past: pl.DataFrame, exam: pl.DataFrame) -> Report:
    return evaluate(model, exam, target="late", slices=["depot", "stops"], against=past)


def test_metrics_are_those_of_the_models_answers(report: Report, model: Model, exam: pl.DataFrame) -> None:
    assert report.metrics[0] == measure("auc", exam["late"], model.predict(exam))
    south = exam.filter(depot="south")
    assert find_metric(report.metrics, "brier", "depot=south") == measure(
        "brier", south["late"], model.predict(south), "depot=south"
    )
    assert {metric.slice for metric in report.metrics if metric.slice.startswith("stops")} == {
        f"stops={stops}" for stops in range(1, 9)
    }


def test_the_exam_can_be_put_again_from_what_is_stored(
    store: Store, report: Report, model: Model, exam: pl.DataFrame
) -> None:
    rows = read_exam(store.blobs, report)
    assert rows.select(exam.columns).equals(exam)
    assert np.array_equal(rows["score"].to_numpy(), model.predict(exam))
    assert report.rows == 1500
    assert report.window is not None
    assert report.window[0].startswith("2024-01-01")
    assert read_report(store.blobs, store_report(store.blobs, report)) == report


def test_an_exam_whose_rows_were_erased_says_what_to_do_instead_of_naming_a_lost_file(
    store: Store, report: Report
) -> None:
    store.blobs.delete(report.rows_digest)
    with pytest.raises(NotFound, match=r"erased or collected since.*train and evaluate the model anew"):
        read_exam(store.blobs, report)


def test_the_baseline_is_the_most_telling_single_column(report: Report) -> None:
    assert report.facts["baseline"]["column"] == "weight"
    ours, simple = find_metric(report.metrics, "auc"), find_metric(report.baseline, "auc")
    assert ours is not None
    assert simple is not None
    assert 0.5 < simple.value < ours.value


def test_a_baseline_means_what_it_says() -> None:
    rows = pl.DataFrame({"kind": ["a", "b"] * 200, "noise": np.random.default_rng(1).random(400)})
    learned = learn_baseline(rows, ["noise", "kind"], np.array([1.0, 0.0] * 200))
    assert learned.column == "kind"
    asked = pl.DataFrame({"kind": ["a", "b", "c"]})
    assert answer(learned, asked).tolist() == pytest.approx([210 / 220, 10 / 220, 0.5])  # drawn to the mean by 20 rows
    nothing = learn_baseline(rows, ["noise"], np.array([1.0, 0.0] * 200))
    assert answer(nothing, rows).std() < 0.1


def test_a_numeric_column_is_cut_into_bins_with_one_for_missing_values() -> None:
    weights = [None if number % 10 == 0 else number for number in range(1000)]
    labels = np.array([1.0 if number % 10 == 0 or number > 500 else 0.0 for number in range(1000)])
    learned = learn_baseline(pl.DataFrame({"weight": weights}), ["weight"], labels)
    low, high, missing = answer(learned, pl.DataFrame({"weight": [3, 990, None]}))
    assert low < 0.2
    assert high > 0.8
    assert missing > 0.8


def test_without_the_past_a_baseline_is_learnt_crosswise_on_the_exam(
    store: Store, model: Model, exam: pl.DataFrame
) -> None:
    simple = find_metric(evaluate(model, exam, target="late").baseline, "auc")
    assert simple is not None
    assert simple.value > 0.55


def test_a_run_shows_the_headline_metrics(store: Store, model: Model, exam: pl.DataFrame) -> None:
    context = TaskContext(store, "run", "evaluate", "key")
    with use_task(context):
        report = evaluate(model, exam, target="late", slices=["depot"])
        assert context.logged["auc"] == (report.metrics[0].value, 0)
        assert "rate" in context.logged


def test_rows_that_are_no_exam_are_refused(store: Store, model: Model, exam: pl.DataFrame) -> None:
    with pytest.raises(SchemaMismatch, match="'lateness'"):
        evaluate(model, exam, target="lateness")
    with pytest.raises(SchemaMismatch, match="'carrier'"):
        evaluate(model, exam, target="late", slices=["carrier"])
    with pytest.raises(Misuse, match="no rows"):
        evaluate(model, exam.head(0), target="late")
    with pytest.raises(SchemaMismatch, match="probability of True"):
        evaluate(model, exam, target="depot")


def test_labels_that_are_not_known_yet_do_not_count(store: Store, model: Model, exam: pl.DataFrame) -> None:
    rows = exam.with_columns(late=pl.when(pl.col("stops") > 4).then("late"))
    report = evaluate(model, rows, target="late")
    assert report.rows == 1500
    assert report.metrics[0].rows == exam.filter(pl.col("stops") > 4).height


def test_a_regressor_is_measured_by_its_errors(store: Store, past: pl.DataFrame, exam: pl.DataFrame) -> None:
    model = Model(LinearRegression().fit(past.select("stops"), 3.0 * past["stops"] + 1), past.select("stops"))
    rows = exam.with_columns(hours=3.0 * pl.col("stops") + 1)
    report = evaluate(model, rows, target="hours")
    assert report.metrics[0].name == "rmse"
    assert report.metrics[0].value == pytest.approx(0, abs=1e-9)


def test_evaluating_twice_gives_the_same_report(
    store: Store, trained: Callable[..., Model], past: pl.DataFrame, exam: pl.DataFrame
) -> None:
    first = evaluate(trained(past), exam, target="late", against=past)
    assert evaluate(trained(past), exam, target="late", against=past) == first
