"""Tasks with several workers on Ray: placed together, begun, failed and ended together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster as Machines
from ray.util import placement_group_table

from trivium.errors import RunCancelled, TaskFailed
from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.executors import ray_room
from trivium.pipelines.results import load_result
from trivium.store.store import Store, connect

Module = Callable[..., ModuleType]
HEAD = """
import json, os, signal, sys, time
from pathlib import Path
import trivium as tv
"""
RANKS = """
NAMES = ("MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE", "LOCAL_RANK", "TF_CONFIG")

@tv.task(workers=WORKERS, cpus=CPUS)
def train(rows: list[int], folder: str):
    worker = tv.current_worker()
    told = {name: os.environ[name] for name in NAMES}
    said = [os.getpid(), worker.rank, worker.world_size, worker.shard(rows), list(worker.hosts), told]
    aside = Path(folder) / f".{worker.rank}"
    aside.write_text(json.dumps(said))
    aside.rename(Path(folder) / str(worker.rank))
    print("of", worker.rank)
    os.system("echo of a child")
    print("no end", end="")
    while len(list(Path(folder).glob("[0-9]"))) < WORKERS:
        time.sleep(0.01)
    if worker.is_first:
        return [json.loads((Path(folder) / str(rank)).read_text()) for rank in range(WORKERS)]
    return object()

@tv.pipeline
def whole(folder: str):
    return train(list(range(7)), folder)
"""
ENDLESS = """
@tv.task(workers=3, cpus=0.1)
def train(folder: str) -> int:
    rank = tv.current_worker().rank
    aside = Path(folder) / f".{rank}"
    aside.write_text(str(os.getpid()))
    aside.rename(Path(folder) / str(rank))
    while len(list(Path(folder).glob("[0-9]"))) < 3:
        time.sleep(0.01)
    if rank == 1:
        BODY
    time.sleep(600)
    return rank

@tv.pipeline
def whole(folder: str):
    return train(folder)
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
RESTART = """
@tv.task(workers=2, cpus=0.1, retries=RETRIES, backoff=0.01)
def train(folder: str, steps: int) -> list[int]:
    worker, place = tv.current_worker(), Path(folder)
    last = worker.latest_checkpoint()
    begin, done = (last.step + 1, last.value) if last else (0, [])
    def in_step(word):
        (place / f"{word}.{worker.rank}.{worker.hosts[0]}").touch()
        while not (place / f"{word}.{1 - worker.rank}.{worker.hosts[0]}").exists():
            time.sleep(0.002)
    for step in range(begin, steps):
        in_step(f"begun{step}")
        if step == 4 and worker.rank == 1 and last is None:
            os.kill(os.PID(), signal.SIGKILL)
            time.sleep(600)
        with (place / f"steps.{worker.rank}").open("a") as file:
            file.write(f"{step} ")
        in_step(f"done{step}")
        done = [*done, step]
        worker.save_checkpoint(done, step)
    return done

@tv.pipeline
def whole(folder: str):
    return train(folder, 6)
"""


@pytest.fixture(scope="module", autouse=True)
def machines() -> Iterator[Machines]:
    """A cluster of three machines, all of them here, each with two cores; it is none of our own."""
    room: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 1 << 27}
    cluster = Machines(initialize_head=True, head_node_args={**room, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(**room)
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "said"
    made.mkdir()
    return made


def is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] in "ZX"


def open_groups() -> list[str]:
    groups = placement_group_table().values()
    return [each["name"] for each in groups if each["state"] != "REMOVED"]


@pytest.mark.parametrize(("workers", "cpus"), [(3, 0.1), (2, 1.5)], ids=["on one machine", "on two machines"])
def test_each_worker_has_its_rank_its_share_and_its_place(
    store: Store, module: Module, folder: Path, workers: int, cpus: float
) -> None:
    user = module(HEAD + RANKS.replace("WORKERS", str(workers)).replace("CPUS", str(cpus)))
    run = user.whole.run(store=store, folder=str(folder))
    pids, ranks, sizes, shares, hosts, told = zip(*load_result(store, run.id), strict=True)
    assert len({*pids, os.getpid()}) == workers + 1
    assert ranks == tuple(range(workers))
    assert set(sizes) == {workers}
    assert [row for share in shares for row in share] == list(range(7))
    assert all(each == hosts[0] for each in hosts)
    assert len(set(hosts[0])) == workers
    assert {f"{each['MASTER_ADDR']}:{each['MASTER_PORT']}" for each in told} == {hosts[0][0]}
    assert all(f'"worker":["{hosts[0][0]}"' in each["TF_CONFIG"] for each in told)
    (record,) = store.catalog.runs.list_tasks(run.id)
    assert record.outputs[0].facts["workers"] == workers
    assert sorted(record.log.splitlines()) == [
        f"[{rank}] {text}" for rank in range(workers) for text in ("no end", f"of {rank}", "of a child")
    ]
    assert not list(store.settings.state.glob("logs/*/workers/*"))
    assert all(is_gone(pid) for pid in pids)
    assert open_groups() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "worker 1 of 3: ProcessDied: the process was killed by SIGKILL"),
        ("raise ValueError('no such column')", "worker 1 of 3: ValueError: no such column"),
    ],
)
def test_when_one_worker_fails_the_others_are_ended_and_the_task_fails_with_its_error(
    store: Store, module: Module, folder: Path, body: str, said: str
) -> None:
    user = module(HEAD + ENDLESS.replace("BODY", body))
    with pytest.raises(TaskFailed, match=said):
        user.whole.run(store=store, folder=str(folder))
    assert all(is_gone(int(file.read_text())) for file in folder.iterdir())
    assert open_groups() == []


@pytest.mark.parametrize(
    ("pid", "error"),
    [("getpid", "worker 1 of 2: ProcessDied"), ("getppid", "worker 1 of 2: WorkerLost")],
    ids=["the process of a worker", "the process of Ray that looks after it"],
)
def test_after_a_worker_was_killed_all_go_on_from_the_last_checkpoint(
    store: Store, module: Module, tmp_path: Path, pid: str, error: str
) -> None:
    user = module(HEAD + RESTART.replace("RETRIES", "1" if pid == "getpid" else "0").replace("PID", pid))
    run = user.whole.run(store=store, folder=str(tmp_path))
    assert load_result(store, run.id) == [0, 1, 2, 3, 4, 5]
    assert (tmp_path / "steps.1").read_text().split() == ["0", "1", "2", "3", "4", "5"]
    (record,) = store.catalog.runs.list_tasks(run.id)
    (attempt,) = record.attempts
    assert attempt.error.startswith(error)
    assert open_groups() == []


def test_a_cancelled_run_ends_all_workers(store: Store, module: Module, folder: Path) -> None:
    user = module(HEAD + ENDLESS.replace("BODY", "pass"))

    def cancel() -> None:
        while len(list(folder.glob("[0-9]"))) < 3:
            threading.Event().wait(0.02)
        with connect(store.settings.root, actor="grace") as other:
            cancel_run(other, other.catalog.runs.list_runs()[0].id)

    stopping = threading.Thread(target=cancel)
    stopping.start()
    with pytest.raises(RunCancelled):
        user.whole.run(store=store, folder=str(folder))
    stopping.join()
    assert all(is_gone(int(file.read_text())) for file in folder.iterdir())
    assert open_groups() == []


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
    assert open_groups() == []


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
    assert open_groups() == []
