"""Tasks with several workers: one function in as many processes, begun, failed and ended together."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pipelines.executors.failed import Module, run_that_fails
from tests.pipelines.executors.gangs import (
    ENDLESS,
    RANKS,
    RESTART,
    check_log,
    check_ranks,
    check_restart,
    held,
    left_of,
    pids_of,
)
from tests.pipelines.executors.scope import OWN_PROCESSES, SLOW_ON_RAY
from tests.processes import wait_until

from trivium.errors import RunCancelled
from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store, connect

FAILURES = [
    ("os.kill(os.getpid(), signal.SIGKILL)", "worker 1 of 3: ProcessDied: the process was killed by SIGKILL"),
    ("raise ValueError('no such column')", "worker 1 of 3: ValueError: no such column"),
]


@pytest.fixture(scope="module")
def projects() -> dict[str, Path]:
    """By executor, so that each begins these workers once."""
    return {}


@pytest.fixture
def ended(executor: str, projects: dict[str, Path], module: Module, folder: Path, store: Store) -> Iterator[Store]:
    """The store of a project with one run, of RANKS with three workers."""
    if executor not in projects:
        user = module(RANKS.replace("WORKERS", "3").replace("CPUS", "0.1"))
        user.whole.run(store=store, folder=str(folder))
        projects[executor] = store.settings.root
    with connect(projects[executor], actor="ada") as opened:
        yield opened


def test_each_worker_runs_the_function_with_its_rank_and_the_first_one_gives_the_result(
    ended: Store, executor: str
) -> None:
    check_ranks(ended, ended.catalog.runs.list_runs()[0], workers=3)
    assert held(executor) == []


def test_prints_are_in_the_log_of_the_task_each_line_with_its_rank(ended: Store) -> None:
    check_log(ended, ended.catalog.runs.list_runs()[0], workers=3)


@pytest.mark.parametrize(
    ("executor", "body", "said"),
    [
        *((executor, *each) for executor in OWN_PROCESSES for each in FAILURES),
        ("local", "tv.current_worker().shard(3)", "worker 1 of 3: Misuse: A int has no rows to shard"),
    ],
    indirect=["executor"],
)
def test_when_one_worker_fails_the_others_are_ended_and_the_task_fails_with_its_error(
    store: Store, *, module: Module, folder: Path, executor: str, body: str, said: str
) -> None:
    assert said in run_that_fails(store, module(ENDLESS.replace("BODY", body)), folder=str(folder)).message
    assert (len(pids_of(folder)), left_of(executor, folder)) == (3, [])
    assert held(executor) == []


def test_a_cancelled_run_ends_all_workers(store: Store, module: Module, folder: Path, executor: str) -> None:
    user = module(ENDLESS.replace("BODY", "pass"))

    def cancel() -> None:
        wait_until(lambda: len(pids_of(folder)) == 3)
        with connect(store.settings.root, actor="grace") as other:
            cancel_run(other, other.catalog.runs.list_runs()[0].id)

    stopping = threading.Thread(target=cancel)
    stopping.start()
    with pytest.raises(RunCancelled):
        user.whole.run(store=store, folder=str(folder))
    stopping.join()
    assert (len(pids_of(folder)), left_of(executor, folder)) == (3, [])
    assert held(executor) == []


@SLOW_ON_RAY
def test_a_time_out_ends_all_workers(store: Store, module: Module, folder: Path, executor: str) -> None:
    source = ENDLESS.replace("workers=3, cpus=0.1", "workers=2, cpus=0.1, timeout=1").replace("< 3", "< 2")
    deaf = source.replace("rank == 1", "True").replace("BODY", "signal.signal(signal.SIGALRM, signal.SIG_IGN)")
    failed = run_that_fails(store, module(deaf), folder=str(folder))
    assert re.search(r"worker \d of 2: TimeoutError", failed.message)
    assert left_of(executor, folder) == []
    assert held(executor) == []


def test_after_a_worker_was_killed_all_go_on_from_the_last_checkpoint(
    store: Store, module: Module, tmp_path: Path, executor: str
) -> None:
    user = module(RESTART.replace("RETRIES", "1").replace("PID", "getpid"))
    check_restart(store, user, tmp_path, "worker 1 of 2: ProcessDied")
    assert held(executor) == []


@SLOW_ON_RAY
def test_a_run_that_is_resumed_goes_on_from_the_last_checkpoint(store: Store, module: Module, tmp_path: Path) -> None:
    user = module(RESTART.replace("RETRIES", "0").replace("PID", "getpid"))
    assert "worker 1 of 2: ProcessDied" in run_that_fails(store, user, folder=str(tmp_path)).message
    (failed,) = store.catalog.runs.list_runs()
    assert resume_run(store, failed.id, pipeline=user.whole).status == "succeeded"
    assert (tmp_path / "steps.1").read_text().split() == ["0", "1", "2", "3", "4", "5"]
