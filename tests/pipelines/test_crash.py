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


@pytest.mark.parametrize(
    ("place", "calls"),
    [
        ("run:started", ["first", "second"]),
        ("run:task_called", ["first", "first", "second"]),
        ("run:task_recording@2", ["first", "second", "second"]),
        ("run:task_done@1", ["first", "second"]),
        ("run:finishing", ["first", "second"]),
    ],
)
def test_a_killed_run_is_resumed_and_repeats_only_unfinished_work(
    place: str, calls: list[str], tmp_path: Path, module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "chain_script.py"
    script.write_text(SCRIPT)
    environ = {**os.environ, "TRIVIUM_FAILPOINT": place}
    killed = subprocess.run([sys.executable, script], cwd=tmp_path, env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    monkeypatch.chdir(tmp_path)
    with connect(tmp_path / "project", actor="ada") as store:
        (before,) = store.catalog.runs.list_runs()
        assert before.status == "running"
        done = resume_run(store, before.id, pipeline=import_file(script, tmp_path).chain)
        assert (done.id, done.status, done.executed, done.cached) == (before.id, "succeeded", 2, 0)
        assert load_result(store, done.id) == 20
    assert (tmp_path / "calls").read_text().split() == calls
