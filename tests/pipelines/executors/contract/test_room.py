"""Tasks have the cores and the memory that they ask for, as far as there are any."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pipelines.executors.failed import Module

from trivium.pipelines.resources import cores_of_machine
from trivium.pipelines.results import load_result
from trivium.store.store import Store


def test_tasks_run_side_by_side_within_the_cores(store: Store, module: Module, tmp_path: Path) -> None:
    user = module(f"""
@tv.task(cpus={cores_of_machine() / 2})
def seen(n: int, folder: str) -> tuple[float, float]:
    begun = time.time()
    (Path(folder) / f"begun.{{n}}").touch()
    while len(list(Path(folder).glob("begun.*"))) < 2:
        time.sleep(0.01)
    time.sleep(0.2)
    return begun, time.time()

@tv.task
def together(spans: list[tuple[float, float]]) -> int:
    moments = [begun for begun, _ in spans]
    return max(sum(begun <= at < ended for begun, ended in spans) for at in moments)

@tv.pipeline
def whole(folder: str):
    return together(seen.map([1, 2, 3, 4], folder=folder))
""")
    assert load_result(store, user.whole.run(store=store, folder=str(tmp_path)).id) == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_asks_for_more_than_this_machine_has_gets_the_machine(
    store: Store, module: Module, workers: int
) -> None:
    user = module(f"""
@tv.task(workers={workers}, cpus=512, gpus=8, memory="900TB")
def huge() -> int:
    return tv.current_worker().world_size

@tv.pipeline
def whole():
    return huge()
""")
    assert load_result(store, user.whole.run(store=store).id) == workers
