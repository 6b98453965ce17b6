"""Tasks with several workers: one function in as many processes, begun, failed and ended together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.checkpoint import FOLDER
from trivium.pipelines.context import current_worker
from trivium.pipelines.executors.gang import Gang
from trivium.pipelines.executors.local import LocalExecutor
from trivium.pipelines.resources import cores_of_machine
from trivium.pipelines.results import load_result
from trivium.pipelines.resume import resume_run
from trivium.pipelines.task import TaskOptions, task
from trivium.store.store import Store, connect

Module = Callable[..., ModuleType]
HEAD = """
import json, os, signal, socket, sys, time
from pathlib import Path
import polars as pl
import trivium as tv
"""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


def test_each_worker_runs_the_function_with_its_rank_and_the_first_one_gives_the_result(
    local: Store, module: Module, tmp_path: Path
) -> None:
    user = module(
        HEAD
        + """
NAMES = ("MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE", "LOCAL_RANK", "TF_CONFIG")

@tv.task(workers=3, cpus=0.1)
def train(rows: list[int], folder: str):
    worker = tv.current_worker()
    told = {name: os.environ[name] for name in NAMES}
    said = [os.getpid(), worker.rank, worker.world_size, worker.is_first, worker.shard(rows), list(worker.hosts), told]
    aside = Path(folder) / f".{worker.rank}"
    aside.write_text(json.dumps(said))
    aside.rename(Path(folder) / str(worker.rank))
    tv.log_metric("seen", worker.rank)
    tv.tag(by=str(worker.rank))
    while len(list(Path(folder).glob("[0-9]"))) < 3:
        time.sleep(0.01)
    if worker.is_first:
        return [json.loads((Path(folder) / str(rank)).read_text()) for rank in range(3)]
    return object()

@tv.pipeline
def whole(folder: str):
    return train(list(range(7)), folder)
"""
    )
    folder = tmp_path / "said"
    folder.mkdir()
    run = user.whole.run(store=local, folder=str(folder))
    pids, ranks, sizes, first, shares, hosts, told = zip(*load_result(local, run.id), strict=True)
    assert len({*pids, os.getpid()}) == 4
    assert (ranks, sizes, first) == ((0, 1, 2), (3, 3, 3), (True, False, False))
    assert shares == ([0, 1, 2], [3, 4], [5, 6])
    assert hosts[0] == hosts[1] == hosts[2]
    assert len(set(hosts[0])) == 3
    assert [each["RANK"] for each in told] == ["0", "1", "2"]
    assert {f"{each['MASTER_ADDR']}:{each['MASTER_PORT']}" for each in told} == {hosts[0][0]}
    done = local.catalog.runs.get_run(run.id)
    assert (done.metrics, done.tags["by"]) == ({"seen": 0.0}, "0")
    assert local.catalog.runs.list_tasks(run.id)[0].outputs[0].facts["workers"] == 3
    assert "RANK" not in os.environ


def test_prints_are_in_the_log_of_the_task_each_line_with_its_rank(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(workers=2, cpus=0.1)
def train():
    print("of", tv.current_worker().rank)
    os.system("echo of a child")
    print("no end", end="")
    return 1

@tv.pipeline
def whole():
    return train()
"""
    )
    run = user.whole.run(store=local)
    (record,) = local.catalog.runs.list_tasks(run.id)
    assert sorted(record.log.splitlines()) == [
        f"[{rank}] {text}" for rank in range(2) for text in ("no end", f"of {rank}", "of a child")
    ]
    assert [path.name for path in local.settings.state.glob("logs/*/*") if path.is_file()] == ["train.log"]
    assert not list(local.settings.state.glob("logs/*/workers/*"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "worker 1 of 3: ProcessDied: the process was killed by SIGKILL"),
        ("raise ValueError('no such column')", "worker 1 of 3: ValueError: no such column"),
        ("tv.current_worker().shard(3)", "worker 1 of 3: Misuse: A int has no rows to shard"),
    ],
)
def test_when_one_worker_fails_the_others_are_ended_and_the_task_fails_with_its_error(
    local: Store, module: Module, tmp_path: Path, body: str, said: str
) -> None:
    user = module(
        HEAD
        + f"""
@tv.task(workers=3, cpus=0.1)
def train(folder: str) -> int:
    rank = tv.current_worker().rank
    (Path(folder) / str(rank)).write_text(str(os.getpid()))
    while len(list(Path(folder).iterdir())) < 3:
        time.sleep(0.01)
    if rank == 1:
        {body}
    time.sleep(600)
    return rank

@tv.pipeline
def whole(folder: str):
    return train(folder)
"""
    )
    folder = tmp_path / "pids"
    folder.mkdir()
    with pytest.raises(TaskFailed, match=said):
        user.whole.run(store=local, folder=str(folder))
    for file in folder.iterdir():
        assert not Path(f"/proc/{file.read_text()}").exists()


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


def test_a_time_out_ends_all_workers(local: Store, module: Module, tmp_path: Path) -> None:
    user = module(
        HEAD
        + """
@tv.task(workers=2, cpus=0.1, timeout=1)
def train(folder: str) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    rank = tv.current_worker().rank
    (Path(folder) / str(rank)).write_text(str(os.getpid()))
    time.sleep(600)
    return rank

@tv.pipeline
def whole(folder: str):
    return train(folder)
"""
    )
    folder = tmp_path / "pids"
    folder.mkdir()
    with pytest.raises(TaskFailed, match=r"worker \d of 2: TimeoutError"):
        user.whole.run(store=local, folder=str(folder))
    for file in folder.iterdir():
        assert not Path(f"/proc/{file.read_text()}").exists()


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
            os.kill(os.getpid(), signal.SIGKILL)
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


def test_after_a_worker_was_killed_all_go_on_from_the_last_checkpoint(
    local: Store, module: Module, tmp_path: Path
) -> None:
    user = module(HEAD + RESTART.replace("RETRIES", "1"))
    run = user.whole.run(store=local, folder=str(tmp_path))
    assert load_result(local, run.id) == [0, 1, 2, 3, 4, 5]
    assert (tmp_path / "steps.0").read_text() in ("0 1 2 3 4 5 ", "0 1 2 3 4 4 5 ")
    assert (tmp_path / "steps.1").read_text().split() == ["0", "1", "2", "3", "4", "5"]
    assert not list((local.settings.state / FOLDER).rglob("seal-*"))
    (record,) = local.catalog.runs.list_tasks(run.id)
    assert "worker 1 of 2: ProcessDied" in record.attempts[0].error
    assert [point.value for point in local.catalog.runs.list_metrics(run.id, "loss")] == [0, 1, 2, 3, 4, 5]


def test_a_run_that_is_resumed_goes_on_from_the_last_checkpoint(local: Store, module: Module, tmp_path: Path) -> None:
    user = module(HEAD + RESTART.replace("RETRIES", "0"))
    with pytest.raises(TaskFailed, match="worker 1 of 2: ProcessDied"):
        user.whole.run(store=local, folder=str(tmp_path))
    (failed,) = local.catalog.runs.list_runs()
    done = resume_run(local, failed.id, pipeline=user.whole)
    assert done.status == "succeeded"
    assert (tmp_path / "steps.1").read_text().split() == ["0", "1", "2", "3", "4", "5"]


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
