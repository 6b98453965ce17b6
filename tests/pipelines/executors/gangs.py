"""Tasks with several workers: what they are told, what they do to each other, and going on from a checkpoint."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from ray.util import placement_group_table
from tests.processes import is_gone

from trivium.pipelines.checkpoint import FOLDER
from trivium.pipelines.results import load_result
from trivium.store.store import Store
from trivium.values.runs import Run

RANKS = """
NAMES = ("MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE", "LOCAL_RANK", "TF_CONFIG")

@tv.task(workers=WORKERS, cpus=CPUS)
def train(rows: list[int], folder: str):
    worker = tv.current_worker()
    told = {name: os.environ[name] for name in NAMES}
    said = [os.getpid(), worker.rank, worker.world_size, worker.is_first, worker.shard(rows), list(worker.hosts), told]
    aside = Path(folder) / f".{worker.rank}"
    aside.write_text(json.dumps(said))
    aside.rename(Path(folder) / str(worker.rank))
    tv.log_metric("seen", worker.rank)
    tv.tag(by=str(worker.rank))
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
        tv.log_metric("loss", step, step)
        worker.save_checkpoint(done, step)
    return done

@tv.pipeline
def whole(folder: str):
    return train(folder, 6)
"""


def pids_of(folder: Path) -> list[int]:
    """The processes of ENDLESS."""
    return [int(file.read_text()) for file in folder.glob("[0-9]")]


def left_of(executor: str, folder: Path) -> list[int]:
    """Those that are not gone; here one counts until it was asked how it ended."""
    here = executor == "local"
    return [pid for pid in pids_of(folder) if (Path(f"/proc/{pid}").exists() if here else not is_gone(pid))]


def held(executor: str) -> list[str]:
    """Tasks for whose workers room is kept that they do not use any more."""
    return held_on_ray() if executor == "ray" else []


def held_on_ray() -> list[str]:
    groups = placement_group_table().values()
    return [each["name"] for each in groups if each["state"] != "REMOVED"]


def check_ranks(store: Store, run: Run, workers: int) -> None:
    """Each worker of RANKS has its rank, its share and its place; what the first one says is the task's."""
    pids, ranks, sizes, first, shares, hosts, told = zip(*load_result(store, run.id), strict=True)
    assert len({*pids, os.getpid()}) == workers + 1
    assert ranks == tuple(range(workers))
    assert set(sizes) == {workers}
    assert first == tuple(rank == 0 for rank in range(workers))
    assert [row for share in shares for row in share] == list(range(7))
    assert [len(share) for share in shares] == [len(range(rank, 7, workers)) for rank in range(workers)]
    assert all(each == hosts[0] for each in hosts)
    assert len(set(hosts[0])) == workers
    assert [each["RANK"] for each in told] == [str(rank) for rank in range(workers)]
    assert {f"{each['MASTER_ADDR']}:{each['MASTER_PORT']}" for each in told} == {hosts[0][0]}
    assert all(f'"worker":["{hosts[0][0]}"' in each["TF_CONFIG"] for each in told)
    assert "RANK" not in os.environ
    done = store.catalog.runs.get_run(run.id)
    assert (done.metrics, done.tags["by"]) == ({"seen": 0.0}, "0")
    (record,) = store.catalog.runs.list_tasks(run.id)
    assert record.outputs[0].facts["workers"] == workers
    assert all(is_gone(pid) for pid in pids)


def check_log(store: Store, run: Run, workers: int) -> None:
    """What the workers of RANKS print is in the log of the task, each line with its rank, and in no other."""
    (record,) = store.catalog.runs.list_tasks(run.id)
    assert sorted(record.log.splitlines()) == [
        f"[{rank}] {text}" for rank in range(workers) for text in ("no end", f"of {rank}", "of a child")
    ]
    assert [path.name for path in store.settings.state.glob("logs/*/*") if path.is_file()] == ["train.log"]
    assert not list(store.settings.state.glob("logs/*/workers/*"))


def check_restart(store: Store, user: ModuleType, folder: Path, error: str) -> None:
    """All workers of RESTART go on from the last checkpoint, after one of them was killed once with this error."""
    run = user.whole.run(store=store, folder=str(folder))
    assert load_result(store, run.id) == [0, 1, 2, 3, 4, 5]
    assert (folder / "steps.0").read_text() in ("0 1 2 3 4 5 ", "0 1 2 3 4 4 5 ")
    assert (folder / "steps.1").read_text().split() == ["0", "1", "2", "3", "4", "5"]
    assert not list((store.settings.state / FOLDER).rglob("seal-*"))
    (record,) = store.catalog.runs.list_tasks(run.id)
    (attempt,) = record.attempts
    assert attempt.error.startswith(error)
    assert [point.value for point in store.catalog.runs.list_metrics(run.id, "loss")] == [0, 1, 2, 3, 4, 5]
