"""Tasks with several workers: one function in as many processes, begun, failed and ended together."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from trivium.errors import Misuse
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.context import current_worker
from trivium.pipelines.executors.gang import Gang
from trivium.pipelines.executors.local import LocalExecutor
from trivium.pipelines.resources import cores_of_machine
from trivium.pipelines.results import load_result
from trivium.pipelines.task import TaskOptions, task
from trivium.store.store import Store

Module = Callable[..., ModuleType]
HEAD = """
import json, os, signal, socket, sys, time
from pathlib import Path
import polars as pl
import trivium as tv
"""


def test_a_worker_that_hears_of_the_death_of_another_is_not_why_the_task_failed() -> None:
    @task(workers=3)
    def train() -> int:
        return 1

    gang = Gang(Attempt("run", "train", train, {}, "key"), "g", ["a:1", "a:2", "a:3"])
    gang.take(gang.members[0], Outcome(error="RuntimeError: connection closed by peer"))
    assert gang.is_over
    gang.take(gang.members[2], Outcome(error="ProcessDied: killed by SIGKILL"), died=True)
    assert gang.outcome().error == "worker 2 of 3: ProcessDied: killed by SIGKILL"


def test_a_gang_is_over_when_all_have_ended_and_tells_what_the_first_made() -> None:
    @task(workers=2)
    def train() -> int:
        return 1

    gang = Gang(Attempt("run", "train", train, {}, "key"), "g", ["a:1", "a:2"])
    over = []
    for member, log in zip(gang.members, ("of the first", "of the other"), strict=True):
        gang.take(member, Outcome(log=log))
        over.append(gang.is_over)
    assert over == [False, True]
    assert gang.outcome().log == "of the first"
    alone = Gang(Attempt("run", "train", train, {}, "key"))
    assert [member.member for member in alone.members] == [None]


def test_a_gang_begins_when_there_is_room_for_all_and_alone_in_any_case(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task
def waits() -> int:
    time.sleep(600)
    return 1
"""
    )
    executor = LocalExecutor(local)
    cores = cores_of_machine()
    try:
        assert executor.has_room(TaskOptions(workers=10 * cores))
        executor.begin(Attempt("run", "waits", user.waits, {}, "key"))
        assert executor.has_room(TaskOptions(workers=2, cpus=(cores - 1) / 2))
        assert not executor.has_room(TaskOptions(workers=2, cpus=cores - 1))
        assert not executor.has_room(TaskOptions(workers=1000, cpus=0, memory="100GB"))
    finally:
        executor.close()


def test_a_task_with_workers_is_the_first_of_one_where_it_is_just_called(store: Store) -> None:
    @task(workers=4)
    def train(rows: list[int]) -> list[int]:
        worker = current_worker()
        assert worker.latest_checkpoint() is None
        worker.save_checkpoint(rows, 1)
        assert worker.latest_checkpoint() is None
        return [worker.rank, worker.world_size, *worker.shard(rows)]

    assert train([7, 8]) == [0, 1, 7, 8]


def test_the_number_of_workers_is_not_in_the_cache_key(store: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(workers=2)
def train() -> int:
    return tv.current_worker().world_size

@tv.pipeline
def two():
    return train()

@tv.pipeline
def four():
    return train.using(workers=4)()
"""
    )
    assert load_result(store, user.two.run(store=store).id) == 1  # inline: this process is the only worker
    again = user.four.run(store=store)
    assert (again.executed, again.cached) == (0, 1)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_a_number_of_workers_that_cannot_be_is_refused(workers: object) -> None:
    with pytest.raises(Misuse, match=r"workers=.* is no number of workers"):
        task(workers=workers)  # type: ignore[call-overload]
