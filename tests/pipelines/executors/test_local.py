"""Processes of this machine: which are started, used again and kept, and what only their own keeper sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pipelines.executors.failed import Module, run_that_fails
from tests.pipelines.executors.jump import jump_when_written
from tests.processes import is_gone

from trivium.pipelines.executors import idle_workers
from trivium.pipelines.executors import local as local_executor
from trivium.pipelines.resources import cores_of_machine
from trivium.pipelines.results import load_result
from trivium.store.store import Store

HEAD = """
import os, resource, signal, subprocess, sys, time
import trivium as tv
"""
NOTES = """
@tv.task(timeout=600, cache=False)
def notes(file: str) -> int:
    open(file, "w").write(str(os.getpid()))
    return 1

@tv.pipeline
def whole(file: str):
    return notes(file)
"""


def test_a_time_out_that_a_task_does_not_hear_ends_it_and_all_that_it_started(
    local: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        HEAD
        + """
@tv.task(timeout=600)
def hangs(file: str) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    open(file, "w").write(str(child.pid))
    time.sleep(300)
    return 1

@tv.pipeline
def whole(file: str):
    return hangs(file)
"""
    )
    file = tmp_path / "pid"
    jump_when_written(monkeypatch, file, 1200)
    failed = run_that_fails(local, user, file=str(file))
    assert "TimeoutError: it took longer than its timeout of 600 s" in failed.message
    assert is_gone(int(file.read_text()))


def test_the_time_of_a_task_begins_when_its_modules_are_imported(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
if "TRIVIUM_WORKER" in os.environ:
    time.sleep(3)  # as a framework takes, longer than the timeout and its grace

@tv.task(timeout=1.5)
def quick() -> int:
    return 1

@tv.pipeline
def whole():
    return quick()
"""
    )
    assert load_result(local, user.whole.run(store=local).id) == 1


def test_an_interrupt_while_an_answer_is_read_leaves_no_process(
    local: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_message: bytes) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(local_executor, "unpack", interrupt)
    with pytest.raises(KeyboardInterrupt):
        module(HEAD + NOTES).whole.run(store=local, file=str(tmp_path / "pid"))
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_no_process_piles_up_when_each_run_needs_another(
    local: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, used = module(HEAD + NOTES), set()
    for answer in ("one", "two", "three", "four"):
        monkeypatch.setenv("ANSWER", answer)
        user.whole.run(store=local, file=str(tmp_path / "pid"))
        used.add((tmp_path / "pid").read_text())
    assert len(used) == 4
    assert len(idle_workers.idle) <= cores_of_machine()


def test_a_process_is_started_early_for_a_new_pipeline_and_none_when_all_is_reused(
    local: Store, module: Module
) -> None:
    user = module(
        HEAD
        + """
@tv.task
def one() -> int:
    return 1

@tv.pipeline
def whole() -> int:
    return one()
"""
    )
    idle_workers.end_idle()
    assert user.whole.run(store=local).executed == 1
    assert len(idle_workers.idle) == 1  # the one that got ready is the one that was used
    idle_workers.end_idle()
    assert user.whole.run(store=local).cached == 1
    assert not idle_workers.idle


@pytest.mark.parametrize("secrets", ["", "secrets=('PASSWORD',)"], ids=["as it is", "cleaned of secrets"])
def test_a_process_whose_log_has_no_room_goes_on_to_the_next_task(
    local: Store, module: Module, monkeypatch: pytest.MonkeyPatch, secrets: str
) -> None:
    monkeypatch.setenv("PASSWORD", "correct-horse-battery")
    monkeypatch.setattr(local_executor, "cores_of_machine", lambda: 1)
    user = module(
        HEAD
        + f"""
def limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

@tv.task({secrets})
def talks() -> int:
    limit(50_000)
    try:
        for _ in range(10_000):
            print("what there is to say", flush=True)
    except OSError:
        pass
    return os.getpid()

@tv.task
def after(process: int) -> int:
    limit(-1)
    return int(process == os.getpid())

@tv.pipeline
def whole():
    return after(talks())
"""
    )
    assert load_result(local, user.whole.run(store=local).id) == 1
