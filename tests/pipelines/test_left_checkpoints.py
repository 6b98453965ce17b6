"""Checkpoints go when nobody can want them any more, and not before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import ModuleType

import pytest

from trivium.errors import TaskFailed
from trivium.pipelines.checkpoint import FOLDER, Checkpoints
from trivium.pipelines.context import current_task
from trivium.pipelines.left_checkpoints import KEPT_FOR, collect_checkpoints
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.redaction import Redaction
from trivium.pipelines.task import task
from trivium.store.store import Store

Module = Callable[..., ModuleType]
SOURCE = """
import trivium as tv

@tv.task
def half(n: int) -> float:
    return 1 / n

@tv.pipeline
def whole(n: int) -> float:
    return half(n)
"""


def leave(store: Store, run: str, *, days: int = 0) -> None:
    """A checkpoint of this run that is so old."""
    Checkpoints(store, run, "key", "", Redaction()).save([run], 1)
    then = time.time() - days * 86_400
    for file in (store.settings.state / FOLDER / run).rglob("*"):
        os.utime(file, (then, then))


def test_those_of_succeeded_and_of_long_forgotten_runs_are_collected(store: Store, module: Module) -> None:
    user = module(SOURCE)
    done = user.whole.run(store=store, n=1).id
    failed = []
    for _ in range(2):
        with pytest.raises(TaskFailed):
            user.whole.run(store=store, n=0)
        failed.append(store.catalog.runs.list_runs(limit=1)[0].id)
    recent, old = failed
    leave(store, done)
    leave(store, recent, days=KEPT_FOR.days - 1)
    leave(store, old, days=KEPT_FOR.days + 1)
    leave(store, "unknown")
    would = collect_checkpoints(store, dry_run=True)
    assert collect_checkpoints(store) == would > 0
    assert sorted(folder.name for folder in (store.settings.state / FOLDER).iterdir()) == sorted([recent, "unknown"])
    assert collect_checkpoints(store) == 0


def test_those_of_a_run_that_is_going_on_stay_however_old(store: Store) -> None:
    collected = []

    @task
    def collects() -> int:
        going = current_task()
        assert going is not None
        leave(store, going.run, days=100)
        collected.append(collect_checkpoints(store))
        return 1

    @pipeline
    def whole() -> int:
        return collects()

    whole.run(store=store)
    assert collected == [0]
