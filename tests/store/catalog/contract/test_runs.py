"""What every catalog guarantees about runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.store.catalog import Catalog
from trivium.values.runs import ArtifactRef, Code, Environment, MetricPoint, Run, TableInput, TaskRun

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
NOON = datetime(2024, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
ENVIRONMENT = Environment("e" * 64, "3.11.7", {"polars": "2.1.0"}, "linux")
RUN = Run(
    id="run-1", pipeline="lateness", status="running", parameters={"depth": 6, "rate": 0.1, "names": ["a", None]},
    inputs=(TableInput("flights", 3, "d" * 64),), code=Code("c" * 64, "pipeline.py", "abc", True),
    environment="e" * 64, actor="ada", started_at=NOON, tags={"team": "air"},
)  # fmt: skip
TASK = TaskRun("run-1", "train", "train", "k" * 64, "executed", NOON, outputs=(ArtifactRef("model", "m" * 64, 9),))


def start(catalog: Catalog, name: str = "run-1", **more: Any) -> Run:
    return catalog.runs.start(replace(RUN, id=name, **more), ENVIRONMENT)


def point(name: str, value: float, step: int, **more: Any) -> MetricPoint:
    return replace(MetricPoint("run-1", name, value, step, NOON), **more)


def test_a_started_run_is_read_as_it_was_recorded(catalog: Catalog) -> None:
    assert start(catalog) == RUN
    assert catalog.runs.get_run("run-1") == RUN
    assert catalog.runs.get_environment("e" * 64) == ENVIRONMENT


def test_many_runs_share_one_environment(catalog: Catalog) -> None:
    start(catalog)
    start(catalog, "run-2")
    assert catalog.runs.get_environment("e" * 64) == ENVIRONMENT
    with pytest.raises(NotFound, match="There is no environment 'zz'"):
        catalog.runs.get_environment("zz")


def test_an_environment_of_a_task_is_recorded_once_and_named_by_its_task(catalog: Catalog) -> None:
    own = Environment("o" * 64, "3.12", {"torch": "2.9"}, lock="l" * 64, image="images.example/team/torch:1")
    catalog.runs.record_environment(own)
    catalog.runs.record_environment(replace(own, python="3.13"))
    assert catalog.runs.get_environment("o" * 64) == own
    start(catalog)
    catalog.runs.record_task(replace(TASK, environment="o" * 64))
    assert [task.environment for task in catalog.runs.list_tasks("run-1")] == ["o" * 64]


def test_a_run_key_names_one_run_for_ever(catalog: Catalog) -> None:
    first = start(catalog, key="firing-1")
    assert start(catalog, "run-2", key="firing-1") == first
    catalog.runs.finish("run-1", status="failed", at=NOON, error="boom")
    assert start(catalog, "run-3", key="firing-1").status == "failed"
    assert catalog.runs.find_by_key("firing-1") == catalog.runs.get_run("run-1")
    assert catalog.runs.find_by_key("firing-2") is None
    assert len(catalog.events.list_events(kind="run.started")) == 1


def test_a_running_run_is_asked_to_end_and_an_ended_one_is_left_as_it_is(catalog: Catalog) -> None:
    start(catalog)
    assert catalog.runs.find_status("run-1") == "running"
    assert catalog.runs.cancel("run-1", actor="bob").status == "cancelling"
    assert catalog.runs.cancel("run-1", actor="bob").status == "cancelling"
    assert catalog.runs.find_status("run-1") == "cancelling"
    ended = catalog.runs.finish("run-1", status="cancelled", at=NOON)
    assert catalog.runs.cancel("run-1", actor="bob") == ended
    assert [event.actor for event in catalog.events.list_events(kind="run.cancelling")] == ["bob"]
    with pytest.raises(NotFound, match="There is no run 'run-9'"):
        catalog.runs.find_status("run-9")


def test_the_items_of_maps_are_listed_or_left_out_but_for_failed_ones(catalog: Catalog) -> None:
    start(catalog)
    found = [("load", "mapped"), ("load[0]", "executed"), ("load[1]", "failed"), ("train", "executed")]
    catalog.runs.record_tasks([replace(TASK, node=node, status=status) for node, status in found])
    assert [task.node for task in catalog.runs.list_tasks("run-1")] == ["load", "load[0]", "load[1]", "train"]
    assert [task.node for task in catalog.runs.list_tasks("run-1", items=False)] == ["load", "load[1]", "train"]
    one = catalog.runs.find_task("run-1", "load[0]")
    assert one is not None
    assert one.status == "executed"
    assert catalog.runs.find_task("run-1", "load[7]") is None


def test_runs_started_at_once_under_one_key_are_one(catalog: Catalog, at_once: AtOnce) -> None:
    made = at_once(6, lambda each, n: start(each, f"run-{n}", key="firing-1"))
    assert len({run.id for run in made}) == 1
    assert len(catalog.runs.list_runs()) == 1


def test_runs_without_a_key_are_all_their_own(catalog: Catalog) -> None:
    assert [start(catalog, "run-1").id, start(catalog, "run-2").id] == ["run-1", "run-2"]


def test_a_finished_run_counts_its_executed_and_cached_tasks(catalog: Catalog) -> None:
    start(catalog)
    for node, status in {"a": "executed", "b": "cached", "c": "cached", "d": "failed", "e": "skipped"}.items():
        catalog.runs.record_task(replace(TASK, node=node, status=status))
    catalog.runs.record_task(replace(TASK, run="run-2", node="f"))
    ended = catalog.runs.finish("run-1", status="failed", at=NOON, error="d broke")
    assert (ended.status, ended.executed, ended.cached, ended.error, ended.ended_at) == (
        "failed",
        1,
        2,
        "d broke",
        NOON,
    )
    assert catalog.runs.get_run("run-1") == ended
    assert [event.kind for event in catalog.events.list_events(subject="run-1")] == ["run.started", "run.failed"]


def test_a_task_recorded_again_replaces_its_state(catalog: Catalog) -> None:
    start(catalog)
    catalog.runs.record_task(replace(TASK, status="running", outputs=()))
    done = replace(TASK, ended_at=NOON, upstream=("features",), reason="code changed", log="ok", parts="p" * 64)
    catalog.runs.record_task(done)
    assert catalog.runs.list_tasks("run-1") == [done]


def test_tasks_are_listed_in_the_order_in_which_they_started(catalog: Catalog) -> None:
    for node, second in {"b": 2, "c": 3, "a": 1}.items():
        catalog.runs.record_task(replace(TASK, node=node, started_at=NOON + timedelta(seconds=second)))
    assert [task.node for task in catalog.runs.list_tasks("run-1")] == ["a", "b", "c"]
    assert catalog.runs.list_tasks("run-2") == []


def test_an_executed_task_is_found_by_its_cache_key(catalog: Catalog) -> None:
    catalog.runs.record_task(TASK)
    newer = replace(TASK, run="run-2", started_at=NOON + timedelta(seconds=1))
    catalog.runs.record_task(newer)
    assert catalog.runs.find_cached("k" * 64) == newer
    assert catalog.runs.find_cached("z" * 64) is None


@pytest.mark.parametrize("status", ["running", "failed", "skipped", "cached"])
def test_a_task_that_was_not_executed_is_no_cache_hit(catalog: Catalog, status: str) -> None:
    catalog.runs.record_task(replace(TASK, status=status))
    assert catalog.runs.find_cached("k" * 64) is None


def test_the_producers_of_an_artifact_are_found_newest_first(catalog: Catalog) -> None:
    older, newer = TASK, replace(TASK, run="run-2", started_at=NOON + timedelta(seconds=1))
    for task in (older, newer, replace(TASK, node="other", outputs=(ArtifactRef("json", "j" * 64),))):
        catalog.runs.record_task(task)
    catalog.runs.record_task(older)
    assert catalog.runs.find_producers("m" * 64) == [newer, older]
    assert catalog.runs.find_producers("z" * 64) == []


def test_a_run_shows_the_last_value_of_a_metric_by_step(catalog: Catalog) -> None:
    start(catalog)
    catalog.runs.log_metrics([point("loss", 0.5, 2), point("auc", 0.7, 0)])
    catalog.runs.log_metrics([point("loss", 0.9, 1)])
    assert catalog.runs.get_run("run-1").metrics == {"loss": 0.5, "auc": 0.7}


def test_metric_points_are_listed_by_name_and_step(catalog: Catalog) -> None:
    start(catalog)
    points = [point("loss", 0.5, 2), point("auc", 0.7, 0), point("loss", 0.9, 1)]
    catalog.runs.log_metrics(points)
    assert catalog.runs.list_metrics("run-1") == [points[1], points[2], points[0]]
    assert catalog.runs.list_metrics("run-1", "loss") == [points[2], points[0]]
    assert catalog.runs.list_metrics("run-2") == []


def test_the_same_metric_point_twice_is_stored_once(catalog: Catalog) -> None:
    start(catalog)
    for _ in range(2):
        catalog.runs.log_metrics([point("loss", 0.5, 1), point("loss", 0.5, 1)])
    assert catalog.runs.list_metrics("run-1") == [point("loss", 0.5, 1)]


def test_a_metric_logged_again_later_is_another_point(catalog: Catalog) -> None:
    start(catalog)
    catalog.runs.log_metrics([point("loss", 0.5, 1), point("loss", 0.4, 1, at=NOON + timedelta(seconds=1))])
    assert [each.value for each in catalog.runs.list_metrics("run-1")] == [0.5, 0.4]
    assert catalog.runs.get_run("run-1").metrics == {"loss": 0.4}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_is_kept_as_it_is(catalog: Catalog, value: float) -> None:
    start(catalog)
    catalog.runs.log_metrics([point("loss", value, 1), point("auc", 0.7, 1)])
    stored = [catalog.runs.list_metrics("run-1", "loss")[0].value, catalog.runs.get_run("run-1").metrics["loss"]]
    assert [str(each) for each in stored] == [str(value)] * 2
    assert catalog.runs.list_runs()[0].metrics["auc"] == 0.7


def test_tags_are_merged_and_equal_names_replaced(catalog: Catalog) -> None:
    start(catalog)
    catalog.runs.tag("run-1", {"team": "sea", "paper": "1"})
    assert catalog.runs.get_run("run-1").tags == {"team": "sea", "paper": "1"}
    with pytest.raises(NotFound):
        catalog.runs.tag("zz", {"a": "b"})


def test_tags_set_at_once_are_all_there(catalog: Catalog, at_once: AtOnce) -> None:
    start(catalog)
    at_once(4, lambda each, n: each.runs.tag("run-1", {f"tag-{n}": "x"}))
    assert len(catalog.runs.get_run("run-1").tags) == 5


def test_a_run_is_found_by_a_unique_beginning_of_its_id(catalog: Catalog) -> None:
    start(catalog, "abc1")
    start(catalog, "abd2")
    assert catalog.runs.get_run("abc").id == "abc1"
    with pytest.raises(NotFound, match="Several runs have an id beginning with 'ab'"):
        catalog.runs.get_run("ab")
    with pytest.raises(NotFound, match="No run has an id beginning with 'b'; `trivium runs list` shows them"):
        catalog.runs.get_run("b")
    for wild in ("", "%", "a_c"):
        with pytest.raises(NotFound):
            catalog.runs.get_run(wild)


def test_finishing_an_unknown_run_is_not_found(catalog: Catalog) -> None:
    with pytest.raises(NotFound):
        catalog.runs.finish("zz", status="succeeded", at=NOON)


def test_runs_are_listed_newest_first_by_pipeline_and_status_and_page_by_page(catalog: Catalog) -> None:
    for number in range(1, 6):
        start(catalog, f"run-{number}", pipeline="lateness" if number % 2 else "other")
    catalog.runs.finish("run-1", status="succeeded", at=NOON)

    def listed(**about: Any) -> list[str]:
        return [run.id for run in catalog.runs.list_runs(**about)]

    assert listed(limit=2) == ["run-5", "run-4"]
    assert listed(limit=2, before="run-4") == ["run-3", "run-2"]
    assert listed(pipeline="other") == ["run-4", "run-2"]
    assert listed(pipeline="lateness", status="running") == ["run-5", "run-3"]
    assert listed(status="succeeded") == ["run-1"]


def test_a_reopened_run_is_running_again(catalog: Catalog) -> None:
    start(catalog, key="firing-1")
    catalog.runs.finish("run-1", status="failed", at=NOON, error="boom")
    again = catalog.runs.reopen("run-1", actor="bob")
    assert (again.status, again.ended_at, again.error) == ("running", None, None)
    assert catalog.runs.get_run("run-1") == again
    assert catalog.events.list_newest(limit=1)[0].kind == "run.resumed"


def test_a_run_that_goes_on_with_other_code_is_on_record_with_it(catalog: Catalog) -> None:
    before = start(catalog)
    catalog.runs.finish("run-1", status="failed", at=NOON, error="boom")
    repaired = replace(before.code, digest="repaired", kept="archive")
    assert catalog.runs.reopen("run-1", actor="bob", code=repaired).code == repaired
    assert catalog.runs.get_run("run-1").code == repaired
    detail = catalog.events.list_newest(limit=1)[0].detail
    assert (detail["code"], detail["code_before"]) == ("repaired", before.code.digest)


def test_several_tasks_are_recorded_together(catalog: Catalog) -> None:
    tasks = [TASK, replace(TASK, node="evaluate", started_at=NOON + timedelta(seconds=1))]
    catalog.runs.record_tasks(tasks)
    assert catalog.runs.list_tasks("run-1") == tasks


def test_the_newest_executed_run_of_a_task_is_found_by_its_name(catalog: Catalog) -> None:
    assert catalog.runs.find_newest_task("train") is None
    newer = replace(TASK, run="run-2", started_at=NOON + timedelta(seconds=1))
    failed = replace(TASK, run="run-3", started_at=NOON + timedelta(seconds=2), status="failed")
    catalog.runs.record_tasks([newer, failed, TASK])
    assert catalog.runs.find_newest_task("train") == newer
