from __future__ import annotations

import random

from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.task import task
from trivium.store.store import Store


@task
def steady(n: int) -> int:
    return n + 1


@task
def drawn(n: int) -> float:
    return n + random.random()


@task
def after(value: float) -> float:
    return value * 2


@pipeline
def calm(n: int = 1) -> float:
    return after(steady(n))


@pipeline
def chancy(n: int = 1) -> float:
    return after(drawn(steady(n)))


def test_a_run_that_comes_out_the_same_is_reproduced_without_reusing_anything(store: Store) -> None:
    run = calm.run(n=4)
    found = reproduce_run(store, run.id, pipeline=calm)
    again = store.catalog.runs.get_run(found.again)
    assert (found.same, found.first, found.causes) == (True, "", ())
    assert (again.executed, again.parameters, again.tags) == (2, {"n": 4}, {"reproduces": run.id})


def test_the_first_difference_is_named(store: Store) -> None:
    run = chancy.run()
    found = reproduce_run(store, run.id, pipeline=chancy)
    assert not found.same
    assert found.first == "output 0 of drawn"
    assert [each.node for each in found.differences] == ["drawn", "after"]
