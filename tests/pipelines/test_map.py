"""Tasks mapped over lists."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.pipelines.calls import BROKEN, CALLS, forget, record

from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.pipeline import Pipeline, pipeline
from trivium.pipelines.registry import import_file
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.pipelines.task import task
from trivium.store.store import Store, connect


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget()


@task
def listed(n: int) -> list[int]:
    return list(range(n))


@task
def scaled(x: int, by: int = 10) -> int:
    record(x)
    return x * by


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@pipeline
def mapped(n: int = 4, by: int = 10) -> int:
    return total(scaled.map(listed(n), by=by))


def test_called_outside_of_a_pipeline_it_is_a_list(store: Store) -> None:
    assert scaled.map([1, 2], by=3) == [3, 6]
    assert mapped(n=3) == 30
    assert store.catalog.runs.list_runs() == []


def test_each_item_of_a_list_that_is_made_at_run_time_is_a_task(store: Store) -> None:
    run = mapped.run(store=store)
    assert load_result(store, run.id) == 60
    assert load_output(store, run.id, "scaled") == [0, 10, 20, 30]
    assert load_output(store, run.id, "scaled[2]") == 20
    tasks = {each.node: each for each in store.catalog.runs.list_tasks(run.id)}
    assert tasks["scaled"].status == "mapped"
    assert tasks["scaled"].reason == "4 items: 4 executed, 0 reused"
    assert tasks["scaled[0]"].upstream == ("listed",)
    assert (run.executed, run.cached) == (6, 0)


def test_only_new_items_are_executed(store: Store) -> None:
    mapped.run(store=store, n=4)
    CALLS.clear()
    run = mapped.run(store=store, n=6)
    assert CALLS == [4, 5]
    assert load_result(store, run.id) == 150


def test_equal_items_are_executed_once(store: Store) -> None:
    @pipeline
    def repeated() -> int:
        return total(scaled.map([7, 7, 7]))

    run = repeated.run(store=store)
    assert CALLS == [7]
    assert load_result(store, run.id) == 210


def test_a_map_over_nothing_is_an_empty_list(store: Store) -> None:
    run = mapped.run(store=store, n=0)
    assert load_result(store, run.id) == 0


def test_maps_follow_maps_and_items_may_be_frames_and_several_values(store: Store) -> None:
    @task
    def frame(n: int) -> tuple[pl.DataFrame, int]:
        return pl.DataFrame({"a": list(range(n))}), n

    @task
    def height(pair: Any) -> int:
        rows, n = pair
        assert rows.height == n
        return int(n)

    @pipeline
    def chained() -> int:
        return total(height.map(frame.map([1, 2, 3])))

    assert load_result(store, chained.run(store=store).id) == 6


def test_the_last_node_of_a_pipeline_may_be_a_map_over_other_tasks(store: Store) -> None:
    @pipeline
    def last() -> list[int]:
        return scaled.map([total([1, 2]), total([3])])

    assert load_result(store, last.run(store=store).id) == [30, 30]


def test_a_failed_item_is_named_and_resuming_repeats_only_what_is_left(store: Store) -> None:
    BROKEN.add(2)
    with pytest.raises(TaskFailed, match=r"Task 'scaled\[2\]' of run .* failed: ValueError: 2 is broken"):
        mapped.run(store=store)
    BROKEN.clear()
    CALLS.clear()
    (run,) = store.catalog.runs.list_runs()
    done = resume_run(store, run.id, pipeline=mapped)
    assert (done.status, CALLS) == ("succeeded", [2, 3])


def test_a_damaged_result_of_one_item_is_made_again(store: Store) -> None:
    run = mapped.run(store=store)
    (item,) = [each for each in store.catalog.runs.list_tasks(run.id) if each.node == "scaled[1]"]
    store.blobs.delete(item.outputs[0].digest)
    CALLS.clear()
    again = mapped.run(store=store)
    assert CALLS == [1]
    assert load_result(store, again.id) == 60


def test_what_is_no_list_cannot_be_mapped_over(store: Store) -> None:
    @task
    def number() -> Any:
        return 5

    @pipeline
    def wrong() -> Any:
        return scaled.map(number())

    with pytest.raises(TaskFailed, match="mapped over the result of number, which is no list but int"):
        wrong.run(store=store)
    with pytest.raises(Misuse, match="takes a list, not 5"):
        Pipeline(lambda: scaled.map(5), "direct").run(store=store)
    with pytest.raises(Misuse, match="wants a list whose items are int"):
        Pipeline(lambda: scaled.map(total([1])), "typed").run(store=store)
    with pytest.raises(Misuse, match="annotated int"):
        Pipeline(lambda: scaled.map(["a"]), "items").run(store=store)
    with pytest.raises(Misuse, match="only known when it runs"):
        Pipeline(lambda: list(scaled.map(listed(2))), "unpacked").run(store=store)


def test_every_failed_attempt_is_on_record_with_its_reason(store: Store) -> None:
    @task(retries=2, backoff=0.001)
    def flaky(x: int) -> int:
        record("flaky")
        if globals()["CALLS"].count("flaky") < 3:
            raise OSError(f"no answer {globals()['CALLS'].count('flaky')}")
        return x

    run = Pipeline(lambda: flaky(1), "flaking").run(store=store)
    (done,) = store.catalog.runs.list_tasks(run.id)
    assert done.status == "executed"
    assert [(each.number, each.error.partition(" (")[0]) for each in done.attempts] == [
        (1, "OSError: no answer 1"),
        (2, "OSError: no answer 2"),
    ]


def test_a_chain_of_a_thousand_tasks_runs(store: Store) -> None:
    @task(cache=False)
    def step(n: int) -> int:
        return n + 1

    def long() -> Any:
        found: Any = 0
        for _ in range(1000):
            found = step(found)
        return found

    assert load_result(store, Pipeline(long, "long").run(store=store).id) == 1000


SCRIPT = """
from pathlib import Path
from trivium.pipelines.pipeline import Pipeline, pipeline
from trivium.pipelines.task import task
from trivium.store.store import connect

@task
def item(n: int) -> int:
    with Path("calls").open("a") as file:
        file.write(f"{n}\\n")
    return n + 1

@task
def total(xs: list[int]) -> int:
    return sum(xs)

@pipeline
def many(n: int = 5) -> int:
    return total(item.map(list(range(n))))

if __name__ == "__main__":
    with connect("project", actor="ada"):
        many.run(key="only")
"""


def test_a_map_that_was_killed_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "map_script.py"
    script.write_text(SCRIPT)
    environ = {**os.environ, "TRIVIUM_FAILPOINT": "run:task_done@3"}
    killed = subprocess.run([sys.executable, script], cwd=tmp_path, env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    monkeypatch.chdir(tmp_path)
    with connect(tmp_path / "project", actor="ada") as store:
        (before,) = store.catalog.runs.list_runs()
        done = resume_run(store, before.id, pipeline=import_file(script, tmp_path).many)
        assert load_result(store, done.id) == 15
    assert (tmp_path / "calls").read_text().split() == ["0", "1", "2", "3", "4"]
