"""Pipelines inside pipelines."""

from __future__ import annotations

import pytest

from trivium.errors import Misuse
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.results import load_result
from trivium.pipelines.task import task
from trivium.store.store import Store


@task
def load(n: int) -> list[int]:
    return list(range(n))


@task
def total(rows: list[int]) -> int:
    return sum(rows)


@pipeline
def inner(n: int = 2, scale: float = 1.0) -> list[int]:
    return load(n if scale == 1 else int(scale))


@pipeline
def outer(n: int = 3) -> int:
    total(inner(n, scale=2))
    return total(inner(total(inner())))


def test_the_tasks_of_an_inner_pipeline_carry_its_name(store: Store) -> None:
    names = [node.name for node in outer.graph().nodes]
    assert names == ["inner.load", "total", "inner-2.load", "total-2", "inner-3.load", "total-3"]
    run = outer.run(store=store)
    assert {each.node for each in store.catalog.runs.list_tasks(run.id)} == set(names)
    assert load_result(store, run.id) == outer()


def test_what_it_is_given_has_the_annotated_type() -> None:
    given: list[float] = []

    @pipeline
    def typed(scale: float) -> list[int]:
        given.append(scale)
        return load(1)

    pipeline(name="outside")(lambda: typed(2)).graph()
    assert [repr(each) for each in given] == ["2.0"]


def test_its_own_sources_do_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_PARAM_INNER__N", "9")
    assert outer.graph().nodes[2].arguments == {"n": 2}


def test_what_an_inner_pipeline_is_given_is_checked_before_anything_runs() -> None:
    def wrong() -> None:
        inner("many")  # type: ignore[arg-type]

    def promised() -> None:
        inner(load(1))  # type: ignore[arg-type]

    def unknown() -> None:
        inner(m=1)  # type: ignore[call-arg]

    for function, words in (
        (wrong, "Argument 'n' of pipeline 'inner' is annotated int, but 'many' is given"),
        (promised, r"Argument 'n' of pipeline 'inner' is annotated int, but the result of task 'load' \(list\[int\]\)"),
        (unknown, "Pipeline 'inner' got an unexpected keyword argument 'm'. It takes"),
    ):
        with pytest.raises(Misuse, match=words):
            pipeline(function).graph()
