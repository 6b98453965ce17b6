from __future__ import annotations

import pytest

from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.store.store import Store
from trivium.tracking.comparison import compare_runs
from trivium.tracking.log import log, log_metric, tag
from trivium.tracking.run import run


@task
def learn(depth: int) -> int:
    for step in range(3):
        log_metric("loss", 1.0 / (step + depth), step)
    log(auc=0.6 + depth / 100)
    tag(kind="trees")
    return depth


@pipeline
def learning(depth: int = 1) -> int:
    return learn(depth)


def test_metrics_and_tags_of_a_task_belong_to_its_run(store: Store) -> None:
    done = learning.run()
    found = store.catalog.runs.get_run(done.id)
    assert found.metrics == {"auc": 0.61, "loss": pytest.approx(1 / 3)}
    assert found.tags == {"kind": "trees"}
    assert [point.step for point in store.catalog.runs.list_metrics(done.id, "loss")] == [0, 1, 2]


def test_a_reused_task_gives_its_metrics_again(store: Store) -> None:
    first = learning.run()
    second = learning.run()
    assert second.cached == 1
    assert second.metrics == first.metrics


def test_metrics_of_a_failed_task_are_kept(store: Store) -> None:
    @task
    def broken() -> None:
        log(rows=3)
        raise ValueError("late")

    @pipeline
    def breaking() -> None:
        broken()

    with pytest.raises(TaskFailed):
        breaking.run()
    assert store.catalog.runs.list_runs()[0].metrics == {"rows": 3.0}


def test_a_script_logs_into_a_run_of_its_own(store: Store) -> None:
    with run("try", depth=6):
        log(auc=0.71)
    (found,) = store.catalog.runs.list_runs()
    assert (found.pipeline, found.status, found.parameters) == ("try", "succeeded", {"depth": 6})
    assert found.metrics == {"auc": 0.71}


def test_an_error_in_a_script_makes_its_run_a_failed_one(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), run("try"):
        raise ZeroDivisionError("no rows")
    (found,) = store.catalog.runs.list_runs()
    assert (found.status, found.error) == ("failed", "ZeroDivisionError: no rows")


def test_logging_outside_of_a_run_says_how_to_be_in_one(store: Store) -> None:
    with pytest.raises(Misuse, match="No run is going on here"):
        log(auc=0.7)
    with run("try"), pytest.raises(Misuse, match="'auc' is a number, not 'high'"):
        log_metric("auc", "high")  # type: ignore[arg-type] # the mistake


def test_comparing_runs_shows_only_what_differs(store: Store) -> None:
    one, two = learning.run(depth=1), learning.run(depth=3)
    found = compare_runs(store, [one.id, two.id])
    assert found.parameters == {"depth": (1, 3)}
    assert {row.name: row.deltas[1] for row in found.metrics} == {
        "loss": pytest.approx(1 / 5 - 1 / 3),
        "auc": pytest.approx(0.02),
    }
    assert (found.inputs, found.code, found.packages) == ({}, (), {})


def test_comparing_everything_shows_also_what_is_the_same(store: Store) -> None:
    one = learning.run()
    found = compare_runs(store, [one.id, learning.run().id], everything=True)
    assert found.parameters == {"depth": (1, 1)}
    assert "polars" in found.packages
    assert all("test_tracking.py" in text for text in found.code)


def test_a_metric_that_one_run_lacks_has_no_difference(store: Store) -> None:
    with run("try"):
        log(auc=0.5)
    with run("try"):
        log(other=1.0)
    ids = [each.id for each in store.catalog.runs.list_runs()][::-1]
    assert {row.name: (row.values, row.deltas) for row in compare_runs(store, ids).metrics} == {
        "auc": ((0.5, None), (0.0, None)),
        "other": ((None, 1.0), (None, None)),
    }
    with pytest.raises(Misuse, match="two runs or more"):
        compare_runs(store, ids[:1])
