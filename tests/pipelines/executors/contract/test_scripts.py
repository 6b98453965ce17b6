"""A run of a script: its own types, and what becomes of its workers when it is killed, cancelled or followed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.pipelines.executors.scope import SLOW_ON_RAY
from tests.processes import is_gone, wait_for, wait_until

from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.registry import import_file
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store, connect

pytestmark = pytest.mark.usefixtures("module")  # what was imported is forgotten
SCRIPT = """
import os, sys, time
from dataclasses import dataclass
from pathlib import Path
import trivium as tv

@dataclass
class Point:
    x: int

@tv.task
def slow(n: int) -> Point:
    aside = Path("aside")
    aside.write_text(str(os.getpid()))
    aside.rename("begun")
    time.sleep(n)
    return Point(n)

@tv.task
def after(point: Point) -> int:
    assert isinstance(point, Point)
    return point.x + 1

@tv.pipeline
def whole(n: int = 0):
    return after(slow(n))

if __name__ == "__main__":
    print(whole.run(n=int(sys.argv[1])).status)
"""
TYPED = """
import multiprocessing  # which has a name of its own for this module
from dataclasses import dataclass
from pathlib import Path
import os
import trivium as tv
from trivium.pipelines.results import load_output
from trivium.store.store import current_store

@dataclass
class Point:
    x: int

@tv.task
def main() -> Point:
    Path("process").write_text(str(os.getpid()))
    return Point(6)

@tv.task
def loaded(point: Point) -> Point:
    assert isinstance(point, Point)
    return Point(point.x + 1)

@tv.pipeline
def whole():
    return loaded(main())

if __name__ == "__main__":
    run = whole.run()
    made = {name: load_output(current_store(), run.id, name) for name in ("main", "loaded")}
    print(run.status, made == {"main": Point(6), "loaded": Point(7)}, *made)
"""
Start = Callable[..., "subprocess.Popen[str]"]


class Ended(NamedTuple):
    """What a script printed, and the process of its task."""

    out: list[str]
    err: str
    process: int


@pytest.fixture
def start(tmp_path: Path, elsewhere: Callable[..., dict[str, str]]) -> Iterator[Start]:
    """Runs the script in a process, which is gone after the test."""
    started: list[subprocess.Popen[str]] = []
    pipe = subprocess.PIPE

    def start(argument: str, script: str = SCRIPT) -> subprocess.Popen[str]:
        (tmp_path / "script.py").write_text(script)
        (tmp_path / "trivium.toml").write_text("")
        command = [sys.executable, str(tmp_path / "script.py"), argument]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=elsewhere(), text=True, stdout=pipe, stderr=pipe))
        return started[-1]

    yield start
    for each in started:
        with each:
            each.kill()


@pytest.fixture(scope="module")
def scripts() -> dict[str, Ended]:
    """By executor, so that each runs the script once."""
    return {}


@pytest.fixture
def ended(executor: str, scripts: dict[str, Ended], tmp_path: Path, start: Start) -> Ended:
    """The script TYPED has been run."""
    if executor not in scripts:
        out, err = start("", TYPED).communicate(timeout=120)
        scripts[executor] = Ended(out.split(), err, int(wait_for(tmp_path / "process")))
    return scripts[executor]


@pytest.fixture
def resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Store, str], str]:
    """Resumes a run of the script, whose task does not sleep this time, in this process; gives its status."""

    def resumed(store: Store, run: str) -> str:
        user = import_file(tmp_path / "script.py", tmp_path)
        monkeypatch.setattr(user.time, "sleep", lambda _: None)
        monkeypatch.chdir(tmp_path)
        return resume_run(store, run, pipeline=user.whole, on="inline").status

    return resumed


@SLOW_ON_RAY
def test_a_script_with_types_of_its_own_runs(ended: Ended) -> None:
    assert ended.out[:1] == ["succeeded"], ended.err


@SLOW_ON_RAY
def test_a_script_finds_its_own_types_again_in_what_its_tasks_made(ended: Ended) -> None:
    assert ended.out[1:2] == ["True"], ended.err


@SLOW_ON_RAY
def test_a_task_of_a_script_may_have_any_name(ended: Ended) -> None:
    assert ended.out[2:] == ["main", "loaded"], ended.err


@SLOW_ON_RAY
def test_a_script_that_has_ended_leaves_no_process_behind(ended: Ended) -> None:
    wait_until(lambda: is_gone(ended.process))


@SLOW_ON_RAY
def test_a_script_that_runs_its_pipeline_at_the_top_has_its_types_by_value(start: Start) -> None:
    top = SCRIPT.replace('if __name__ == "__main__":\n    print', "print").replace("sys.argv[1]", "0")
    out, err = start("", top).communicate(timeout=120)
    assert out.split() == ["succeeded"], err


@SLOW_ON_RAY
def test_when_the_runs_process_is_killed_its_workers_go_and_it_can_be_resumed(
    tmp_path: Path, start: Start, resumed: Callable[[Store, str], str]
) -> None:
    going = start("600")
    worker = int(wait_for(tmp_path / "begun"))
    os.kill(going.pid, signal.SIGKILL)
    going.communicate()
    wait_until(lambda: is_gone(worker))
    with connect(tmp_path, actor="ada") as store:
        (run,) = store.catalog.runs.list_runs()
        assert run.status == "running"
        assert resumed(store, run.id) == "succeeded"


@SLOW_ON_RAY
def test_a_cancelled_run_ends_at_once_and_can_be_resumed(
    tmp_path: Path, start: Start, resumed: Callable[[Store, str], str]
) -> None:
    going = start("600")
    worker = int(wait_for(tmp_path / "begun"))
    with connect(tmp_path, actor="bob") as store:
        (run,) = store.catalog.runs.list_runs()
        wait_until(lambda: [task.status for task in store.catalog.runs.list_tasks(run.id)] == ["running"])
        ended = cancel_run(store, run.id, sleep=lambda _: time.sleep(0.5))  # a busy machine may take its time
        assert ended.status == "cancelled"
        assert ended.error != "its process did not answer"
        assert [task.status for task in store.catalog.runs.list_tasks(run.id)] == ["cancelled"]
        going.communicate(timeout=60)
        assert going.returncode != 0
        wait_until(lambda: is_gone(worker))
        assert cancel_run(store, run.id).status == "cancelled"
        assert resumed(store, run.id) == "succeeded"


@pytest.mark.parametrize("executor", ["local"], indirect=True)  # none has a part in it
def test_a_run_whose_process_is_gone_is_cancelled_all_the_same(tmp_path: Path, start: Start) -> None:
    going = start("600")
    wait_for(tmp_path / "begun")
    os.kill(going.pid, signal.SIGKILL)
    going.communicate()
    with connect(tmp_path, actor="bob") as store:
        (run,) = store.catalog.runs.list_runs()
        ended = cancel_run(store, run.id, sleep=lambda _: None)
        assert (ended.status, ended.error) == ("cancelled", "its process did not answer")


@SLOW_ON_RAY
def test_what_a_task_prints_can_be_followed_from_another_process_while_it_runs(tmp_path: Path, start: Start) -> None:
    waiting = '    print("half", flush=True)\n    while not Path("go").exists():\n        time.sleep(0.05)\n'
    script = SCRIPT.replace("    time.sleep(n)", waiting + '    print("whole", flush=True)')
    going = start("2", script)
    wait_for(tmp_path / "begun")
    with connect(tmp_path, actor="bob") as store:
        (run,) = store.catalog.runs.list_runs()
    follow = [sys.executable, "-m", "trivium", "runs", "logs", run.id, "-f"]
    with subprocess.Popen(follow, cwd=tmp_path, text=True, stdout=subprocess.PIPE) as following:
        assert following.stdout is not None
        first = [following.stdout.readline() for _ in range(2)]
        (tmp_path / "go").touch()  # whatever it was, nobody waits for ever
        rest = following.stdout.read().splitlines()
    assert first == ["--- slow\n", "half\n"]
    assert rest == ["whole", f"--- run {run.id} has succeeded"]
    assert going.communicate(timeout=60)[0].splitlines()[-1] == "succeeded"
