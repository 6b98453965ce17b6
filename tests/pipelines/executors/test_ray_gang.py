"""Tasks with several workers on Ray: placed together, begun, failed and ended together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster as Machines
from ray.util import placement_group_table
from tests.pipelines.executors.failed import Module
from tests.pipelines.executors.gangs import RANKS, RESTART, check_log, check_ranks, check_restart, held_on_ray

from trivium.errors import TaskFailed
from trivium.pipelines.executors import ray_room
from trivium.pipelines.executors.ray_cluster import leave_ray
from trivium.pipelines.results import load_result
from trivium.store.store import Store, connect

HEAD = """
import json, os, signal, sys, time
from pathlib import Path
import trivium as tv
"""
LOST = """
@tv.task(workers=2, cpus=1.5)
def train(folder: str) -> int:
    lost = (Path(folder) / "lost").exists()
    (Path(folder) / str(tv.current_worker().rank)).touch()
    while not lost:
        time.sleep(60)
    return 5

@tv.pipeline
def whole(folder: str):
    return train(folder)
"""


@pytest.fixture(scope="module", autouse=True)
def machines() -> Iterator[Machines]:
    """A cluster of three machines, all of them here, each with two cores; it is none of our own."""
    leave_ray()  # that of other tests
    room: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 1 << 27}
    cluster = Machines(initialize_head=True, head_node_args={**room, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(wait=False, **room)
    cluster.wait_for_nodes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with connect(tmp_path / "project", actor="ada", durability="fast", executor="ray") as opened:
        yield opened


def test_each_worker_on_two_machines_has_its_rank_its_share_and_its_place(
    store: Store, module: Module, folder: Path
) -> None:
    user = module(HEAD + RANKS.replace("WORKERS", "2").replace("CPUS", "1.5"))
    run = user.whole.run(store=store, folder=str(folder))
    check_ranks(store, run, workers=2)
    check_log(store, run, workers=2)
    assert held_on_ray() == []


def test_after_the_process_of_ray_that_looks_after_a_worker_was_killed_all_go_on_from_the_last_checkpoint(
    store: Store, module: Module, tmp_path: Path
) -> None:
    user = module(HEAD + RESTART.replace("RETRIES", "0").replace("PID", "getppid"))
    check_restart(store, user, tmp_path, "worker 1 of 2: WorkerLost")
    assert held_on_ray() == []


@pytest.mark.parametrize(("asked", "told"), [("workers=4, cpus=2", "the 4 workers of 'wide'"), ("cpus=3", "'wide'")])
def test_a_task_that_no_machine_has_room_for_says_so_and_does_not_wait_for_ever(
    store: Store, module: Module, monkeypatch: pytest.MonkeyPatch, asked: str, told: str
) -> None:
    monkeypatch.setattr(ray_room, "PATIENCE", 0.5)
    user = module(
        HEAD + f"@tv.task({asked})\ndef wide() -> int:\n    return 1\n\n@tv.pipeline\ndef whole():\n    return wide()\n"
    )
    with (
        pytest.warns(UserWarning, match=f"{told}.*it waits for the cluster to grow"),
        pytest.raises(TaskFailed, match=r"it did not grow within 0\.5 s\. Resume the run when it has"),
    ):
        user.whole.run(store=store)
    assert held_on_ray() == []


def test_when_a_machine_is_lost_all_workers_are_tried_again_on_others(
    store: Store, module: Module, folder: Path, machines: Machines
) -> None:
    """Last of all, because there is a machine less afterwards."""

    def lose() -> None:
        while len(list(folder.glob("[0-9]"))) < 2:
            threading.Event().wait(0.02)
        (folder / "lost").touch()
        (group,) = [each for each in placement_group_table().values() if each["state"] == "CREATED"]
        used = set(group["bundles_to_node_id"].values())
        machines.remove_node(next(each for each in machines.worker_nodes if each.node_id in used), allow_graceful=False)

    losing = threading.Thread(target=lose)
    losing.start()
    run = module(HEAD + LOST).whole.run(store=store, folder=str(folder))
    losing.join()
    assert load_result(store, run.id) == 5
    (record,) = store.catalog.runs.list_tasks(run.id)
    (attempt,) = record.attempts
    assert "WorkerLost" in attempt.error
    assert held_on_ray() == []
