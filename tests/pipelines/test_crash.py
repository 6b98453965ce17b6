from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trivium.pipelines.registry import import_file
from trivium.pipelines.results import load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import connect

SCRIPT = """
from pathlib import Path
import sys
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.store.store import connect

def note(word):
    with Path("calls").open("a") as file:
        file.write(word + "\\n")

@task
def first(n: int) -> int:
    note("first")
    return n + 1

@task
def second(n: int) -> int:
    note("second")
    return n * 10

@pipeline
def chain(n: int = 1) -> int:
    return second(first(n))

if __name__ == "__main__":
    with connect("project", actor="ada"):
        chain.run(key="only")
"""


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize(
    ("place", "calls"),
    [
        ("run:started", ["first", "second"]),
        ("run:task_recording@2", ["first", "second", "second"]),
        ("run:task_done@1", ["first", "second"]),
        ("run:finishing", ["first", "second"]),
    ],
)
def test_a_killed_run_is_resumed_and_repeats_only_unfinished_work(
    place: str, calls: list[str], *, executor: str, tmp_path: Path, module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_script(tmp_path, place, executor) == -signal.SIGKILL
    resume(tmp_path, executor, monkeypatch, "running")
    assert (tmp_path / "calls").read_text().split() == calls


@pytest.mark.parametrize(("executor", "ended", "status"), [("inline", -9, "running"), ("local", 1, "failed")])
def test_a_task_that_was_killed_when_it_had_done_its_work_does_it_again(
    executor: str, ended: int, status: str, *, tmp_path: Path, module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_script(tmp_path, "run:task_called", executor) == ended
    resume(tmp_path, executor, monkeypatch, status)
    assert (tmp_path / "calls").read_text().split() == ["first", "first", "second"]


def run_script(folder: Path, place: str, executor: str) -> int:
    (folder / "chain_script.py").write_text(SCRIPT)
    environ = {**os.environ, "TRIVIUM_FAILPOINT": place, "TRIVIUM_EXECUTOR": executor}
    return subprocess.run([sys.executable, "chain_script.py"], cwd=folder, env=environ, check=False).returncode


def resume(folder: Path, executor: str, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """The only run of the folder's script, which is on record like this, goes on and succeeds."""
    script = folder / "chain_script.py"
    monkeypatch.setenv("TRIVIUM_EXECUTOR", executor)
    monkeypatch.chdir(folder)
    with connect(folder / "project", actor="ada") as store:
        (before,) = store.catalog.runs.list_runs()
        assert before.status == status
        done = resume_run(store, before.id, pipeline=import_file(script, folder).chain)
        assert (done.id, done.status, done.executed, done.cached) == (before.id, "succeeded", 2, 0)
        assert load_result(store, done.id) == 20
