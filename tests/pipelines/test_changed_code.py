"""Files that are edited while a run is on: what runs is the code that the cache key was made of."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trivium.pipelines.results import load_output
from trivium.store.store import Store, connect

FLOW = """
import time
from pathlib import Path
import trivium as tv
import steps

@tv.task
def waits(n: int) -> int:
    Path("begun").touch()
    while not Path("go on").exists():
        time.sleep(0.02)
    return n

@tv.task
def uses(n: int) -> int:
    return steps.plus(n)

@tv.task
def late(n: int) -> int:
    import later_steps
    return later_steps.times(n)

@tv.pipeline
def whole(n: int = 1):
    return uses(waits(n))

@tv.pipeline
def lazy(n: int = 1):
    return late(waits(n))
"""
STEPS = "def plus(n):\n    return n + {}\n"
LATER = "def times(n):\n    return n * {}\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "trivium.toml").write_text('pipelines = ["flow.py"]\n')
    (tmp_path / "flow.py").write_text(FLOW)
    write(tmp_path, plus=1, times=10)
    with connect(tmp_path, actor="ada") as store:
        yield store


def write(folder: Path, *, plus: int, times: int) -> None:
    (folder / "steps.py").write_text(STEPS.format(plus))
    (folder / "later_steps.py").write_text(LATER.format(times))


def trivium(folder: Path, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "TRIVIUM_EXECUTOR": "local", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "trivium", *words], cwd=folder, env=environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def run_and_edit(folder: Path, name: str) -> tuple[int, str]:
    """The status and what is told of a run, while whose first task both helpers are edited."""
    going = trivium(folder, "run", name)
    over = time.monotonic() + 60
    while not (folder / "begun").exists():
        assert time.monotonic() < over
        time.sleep(0.02)
    write(folder, plus=1000, times=7000)
    (folder / "go on").touch()
    told = going.communicate(timeout=120)[0]
    return going.returncode, told


def told_of(folder: Path, *words: str) -> str:
    return trivium(folder, *words).communicate(timeout=120)[0]


def test_a_helper_that_is_edited_while_the_run_is_on_runs_as_its_key_says(project: Store) -> None:
    folder = project.settings.root
    assert run_and_edit(folder, "whole")[0] == 0
    (run,) = project.catalog.runs.list_runs()
    assert load_output(project, run.id, "uses") == 2
    assert "code changed: plus" in told_of(folder, "run", "whole", "--plan")
    assert "succeeded" in told_of(folder, "run", "whole")
    assert load_output(project, project.catalog.runs.list_runs()[0].id, "uses") == 1001


def test_a_module_that_a_task_imports_itself_and_that_is_edited_before_is_not_run_under_the_old_key(
    project: Store,
) -> None:
    folder = project.settings.root
    status, told = run_and_edit(folder, "lazy")
    assert status == 1
    assert "module 'later_steps' was changed while the run is on, and 'late' imports it while it runs" in told
    assert "Resume the run: it takes the code as it is then" in told
    (run,) = project.catalog.runs.list_runs()
    assert "Run" in told_of(folder, "runs", "resume", run.id)
    assert load_output(project, run.id, "late") == 7000
    write(folder, plus=1, times=10)
    assert "code changed: module later_steps" in told_of(folder, "run", "lazy", "--plan")
