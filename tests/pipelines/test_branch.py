"""Branches decided at run time: what is taken, what is skipped, and what is known before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.pipelines.calls import BROKEN, CALLS, forget, record

from trivium.errors import Misuse, NotFound, TaskFailed
from trivium.pipelines.branch import when
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.progress import TaskEvent
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.pipelines.task import task
from trivium.store.blobs import Blobs
from trivium.store.store import Store, connect


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget()


@task
def load(n: int) -> list[int]:
    record("load")
    return list(range(n))


@task
def enough(rows: list[int]) -> bool:
    record("enough")
    return len(rows) >= 3


@task
def train(rows: list[int]) -> str:
    record("train")
    return f"model of {len(rows)}"


@task
def baseline() -> str:
    record("baseline")
    return "baseline"


@task
def publish(model: str) -> str:
    record("publish")
    return f"published {model}"


@task
def divided(rows: list[int]) -> tuple[list[int], int]:
    return rows[:1], len(rows)


@task
def both(first: list[int], count: int) -> str:
    return f"{first} of {count}"


@pipeline
def trained(n: int = 5) -> str:
    rows = load(n)
    model = when(enough(rows), then=lambda: train(rows), otherwise=baseline)
    return publish(model)


def statuses(store: Store, run: str) -> dict[str, str]:
    return {each.node: each.status for each in store.catalog.runs.list_tasks(run)}


def reasons(store: Store, run: str) -> dict[str, str]:
    return {each.node: each.reason for each in store.catalog.runs.list_tasks(run)}


def test_outside_of_a_run_only_the_taken_function_is_called(store: Store) -> None:
    assert trained(n=5) == "published model of 5"
    assert trained(n=1) == "published baseline"
    assert CALLS == ["load", "enough", "train", "publish", "load", "enough", "baseline", "publish"]
    assert when(False, then=lambda: 1) is None


def test_the_taken_branch_runs_and_the_other_is_skipped_with_its_reason(store: Store) -> None:
    run = trained.run(store=store, n=1)
    assert load_result(store, run.id) == "published baseline"
    assert "train" not in CALLS
    assert statuses(store, run.id) == {
        "load": "executed", "enough": "executed", "train": "skipped", "baseline": "executed", "when": "joined",
        "publish": "executed",
    }  # fmt: skip
    assert reasons(store, run.id)["train"] == "`enough` was False"
    assert reasons(store, run.id)["when"] == "`enough` was False: baseline"
    assert (run.executed, run.cached, run.skipped) == (4, 0, 1)


def test_both_branches_are_drawn_before_anything_runs(store: Store) -> None:
    graph = trained.graph()
    assert [node.name for node in graph.nodes] == ["load", "enough", "train", "baseline", "when", "publish"]
    assert graph.upstream(graph.nodes[2]) == ("enough", "load")
    assert CALLS == []


def test_a_constant_condition_draws_one_branch() -> None:
    @pipeline
    def chosen(fast: bool = True) -> str:
        return when(fast, then=baseline, otherwise=lambda: train([1]))

    assert [node.name for node in chosen.graph().nodes] == ["baseline"]
    assert [node.name for node in chosen.graph(fast=False).nodes] == ["train"]


def test_what_follows_depends_on_what_it_really_got(store: Store) -> None:
    trained.run(store=store, n=1)
    CALLS.clear()
    run = trained.run(store=store, n=2)
    assert CALLS == ["load", "enough"]  # the baseline is the same, and so is what was published
    assert (run.executed, run.cached, run.skipped) == (2, 2, 1)
    CALLS.clear()
    trained.run(store=store, n=4)
    assert CALLS == ["load", "enough", "train", "publish"]


def test_a_task_is_reused_whether_it_gets_a_value_through_a_branch_or_not(store: Store) -> None:
    @pipeline
    def plain() -> str:
        return publish(baseline())

    plain.run(store=store)
    run = trained.run(store=store, n=1)
    assert statuses(store, run.id)["publish"] == "cached"


def test_what_needs_a_skipped_task_is_skipped_with_it(store: Store) -> None:
    @pipeline
    def leaking() -> Any:
        rows = load(1)
        made: list[Any] = []
        when(enough(rows), then=lambda: made.append(train(rows)))
        publish(made[0])
        return publish(publish(made[0]))

    run = leaking.run(store=store)
    assert reasons(store, run.id)["publish"] == "train was skipped"
    assert reasons(store, run.id)["publish-3"] == "publish-2 was skipped"
    assert run.status == "succeeded"
    assert run.skipped == 4
    with pytest.raises(NotFound, match=r"publish-3.*was skipped, because publish-2 was skipped"):
        load_result(store, run.id)


@pytest.mark.parametrize(("n", "made"), [(0, "published nothing"), (2, "published small"), (7, "published model of 7")])
def test_branches_may_be_in_branches(store: Store, n: int, made: str) -> None:
    @task
    def some(rows: list[int]) -> bool:
        return bool(rows)

    @task
    def announce(model: str | None) -> str:
        return f"published {model if model else 'nothing'}"

    @pipeline
    def nested(n: int) -> str:
        rows = load(n)
        inside = lambda: when(enough(rows), then=lambda: train(rows), otherwise=lambda: "small")  # noqa: E731
        return announce(when(some(rows), then=inside))

    run = nested.run(store=store, n=n)
    assert load_result(store, run.id) == made
    if n == 0:
        assert statuses(store, run.id)["enough"] == "skipped"
        assert reasons(store, run.id)["train"] == "`some` was False"
        assert reasons(store, run.id)["when-2"] == "`some` was False: None"
    assert nested(n=n) == made


def test_several_values_of_branches_unpack(store: Store) -> None:
    @pipeline
    def pairs(n: int) -> str:
        rows = load(n)
        first, count = when(enough(rows), then=lambda: divided(rows), otherwise=lambda: (rows, 0))
        return both(first, count)

    assert load_result(store, pairs.run(store=store, n=4).id) == "[0] of 4"
    assert load_result(store, pairs.run(store=store, n=2).id) == "[0, 1] of 0"
    assert pairs(n=2) == "[0, 1] of 0"


def test_maps_are_guarded_and_joined_as_any_task(store: Store) -> None:
    @task
    def doubled(x: int) -> int:
        record("doubled")
        return 2 * x

    @task
    def total(xs: list[int]) -> int:
        return sum(xs)

    @pipeline
    def summed(n: int) -> int:
        rows = load(n)
        chosen = when(enough(rows), then=lambda: doubled.map(rows), otherwise=lambda: rows)
        return total(doubled.map(chosen))

    assert load_result(store, summed.run(store=store, n=3).id) == 12
    CALLS.clear()
    run = summed.run(store=store, n=2)
    assert load_result(store, run.id) == 2
    assert statuses(store, run.id)["doubled"] == "skipped"


def test_the_value_of_a_branch_may_decide_another(store: Store) -> None:
    @pipeline
    def decided(n: int) -> Any:
        rows = load(n)
        sure = when(enough(rows), then=lambda: enough(rows), otherwise=lambda: False)
        return when(sure, then=lambda: train(rows), otherwise=lambda: "nothing")

    assert load_result(store, decided.run(store=store, n=1).id) == "nothing"
    assert load_result(store, decided.run(store=store, n=3).id) == "model of 3"


def test_a_pipeline_may_return_what_a_branch_gave(store: Store) -> None:
    @pipeline
    def returned(n: int) -> str:
        rows = load(n)
        return when(enough(rows), then=lambda: train(rows), otherwise=lambda: "too few")

    run = returned.run(store=store, n=2)
    assert load_result(store, run.id) == load_output(store, run.id, "when") == "too few"


def test_the_plan_says_what_hangs_on_which_condition(store: Store) -> None:
    before = [(each.node, each.action, each.why) for each in trained.plan(store=store).steps]
    assert before[2:] == [
        ("train", "unknown", "run if `enough`; depends on what load will make"),
        ("baseline", "unknown", "run unless `enough`; first time"),
        ("when", "join", "train if `enough`, else baseline"),
        ("publish", "unknown", "depends on what when will make"),
    ]
    run = trained.run(store=store, n=5)
    after = [(each.node, each.action, each.why) for each in trained.plan(store=store, n=5).steps]
    assert after[2:] == [
        ("train", "reuse", f"unchanged since run {run.id}"),
        ("baseline", "skip", "`enough` was True"),
        ("when", "join", "train, because `enough` was True"),
        ("publish", "reuse", f"unchanged since run {run.id}"),
    ]
    assert CALLS == ["load", "enough", "train", "publish"]


def test_a_run_that_failed_in_a_branch_goes_on_there(store: Store) -> None:
    BROKEN.add("baseline")
    with pytest.raises(TaskFailed):
        trained.run(store=store, n=1)
    (failed,) = store.catalog.runs.list_runs()
    BROKEN.clear()
    CALLS.clear()
    run = resume_run(store, failed.id, pipeline=trained)
    assert CALLS == ["baseline", "publish"]
    assert (run.executed, run.skipped) == (4, 1)


@pytest.mark.parametrize("lost", ["train", "enough"])
def test_what_a_branch_gave_and_is_lost_is_made_again(store: Store, lost: str) -> None:
    losing: list[str] = []

    def lose(event: TaskEvent) -> None:
        """The bytes are gone as soon as they are made, the first time."""
        if event.node == lost and event.kind == "executed" and not losing:
            losing.append(lost)
            value = {"train": b'"model of 3"', "enough": b"true"}[lost]
            blobs: Blobs = store.blobs
            blobs.delete(blobs.put(value))

    run = trained.run(store=store, n=3, progress=lose)
    assert load_result(store, run.id) == "published model of 3"
    assert CALLS.count(lost) == 2


def test_progress_tells_of_what_is_skipped(store: Store) -> None:
    told: list[TaskEvent] = []
    trained.run(store=store, n=1, progress=told.append)
    assert [(each.node, each.why) for each in told if each.kind == "skipped"] == [("train", "`enough` was False")]


def test_a_run_with_branches_can_be_reproduced(store: Store) -> None:
    run = trained.run(store=store, n=1)
    found = reproduce_run(store, run.id, pipeline=trained)
    assert found.same
    assert statuses(store, found.again)["train"] == "skipped"


def test_in_processes_of_their_own_it_is_the_same(tmp_path: Path, module: Any) -> None:
    made = module(
        """
        import trivium as tv

        @tv.task
        def enough(n: int) -> bool:
            return n > 2

        @tv.task
        def train(n: int) -> int:
            return 10 * n

        @tv.task
        def add(n: int) -> int:
            return n + 1

        @tv.pipeline
        def chosen(n: int = 1) -> int:
            return add(tv.when(enough(n), then=lambda: train(n), otherwise=lambda: 0))
        """
    )
    with connect(tmp_path / "project", durability="fast", executor="local") as opened:
        assert load_result(opened, made.chosen.run(store=opened, n=1).id) == 1
        assert load_result(opened, made.chosen.run(store=opened, n=3).id) == 31


def refuse(words: str, drawn: Any) -> None:
    with pytest.raises(Misuse, match=words):
        pipeline(name="refused")(drawn).graph()


def test_what_cannot_be_right_is_refused_before_anything_runs() -> None:
    @task
    def unsure(rows: list[int]) -> Any:
        return True

    loosely: Any = when  # what mypy would find is found without it
    refuse("annotated list", lambda: loosely(next(iter(divided([1]))), then=baseline))
    refuse("annotate its return as bool", lambda: loosely(unsure([1]), then=baseline))
    refuse(r"then=lambda: train\(rows\)", lambda: loosely(enough([1]), then=train([1])))
    refuse("is a bool; it was given 1", lambda: loosely(1, then=baseline))
    refuse(
        r"annotated str, but what tv.when gives unless `enough` \(NoneType\) is given",
        lambda: publish(loosely(enough([1]), then=baseline)),
    )
    refuse(
        r"annotated list\[int\], but the result of task 'train', which tv.when gives if `enough`, \(str\) is given",
        lambda: train(loosely(enough([1]), then=lambda: train([2]), otherwise=lambda: [1])),
    )
    refuse(
        "then= gives 2 and otherwise= gives 1",
        lambda: both(*loosely(enough([1]), then=lambda: divided([1]), otherwise=lambda: [1])),
    )
    refuse("it can give a task's result, a plain value", lambda: loosely(enough([1]), then=lambda: [train([1])]))
    refuse("write `tv.when", lambda: train([1]) if enough([1]) else None)


def test_a_condition_that_returns_something_else_fails_by_name(store: Store) -> None:
    @task
    def lying(rows: list[int]) -> bool:
        return len(rows)  # type: ignore[return-value]

    @pipeline
    def misled() -> str | None:
        return when(lying([1]), then=baseline)

    with pytest.raises(TaskFailed, match=r"lying decides this branch, so it has to return a bool, but it returned 1"):
        misled.run(store=store)
    assert CALLS == []
