"""`kill -9` of a run's process, anywhere: the resumed run repeats only unfinished work, with the same key."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.pipelines.executors.scope import SLOW_RAY

from trivium.pipelines.registry import import_file
from trivium.pipelines.results import load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import connect

Environ = Callable[..., dict[str, str]]
pytestmark = pytest.mark.usefixtures("module")  # what was imported is forgotten
SCRIPT = """
from pathlib import Path
from trivium.pipelines.context import current_task
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.store.store import connect

def note(word):
    with Path("calls").open("a") as file:
        file.write(f"{word} {current_task().idempotency_key}\\n")

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


@pytest.mark.parametrize("executor", ["inline", "local", SLOW_RAY], indirect=True)
@pytest.mark.parametrize(
    ("place", "calls"),
    [
        ("run:started", ["first", "second"]),
        ("run:task_recording@2", ["first", "second", "second"]),
        ("run:task_done@1", ["first", "second"]),
        ("run:finishing", ["first", "second"]),
    ],
)
def test_a_killed_run_is_resumed_and_repeats_only_unfinished_work_with_the_same_key(
    place: str, calls: list[str], *, tmp_path: Path, elsewhere: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_script(tmp_path, elsewhere(TRIVIUM_FAILPOINT=place)) == -signal.SIGKILL
    resume(tmp_path, monkeypatch, "running")
    check_calls(tmp_path, calls)


@pytest.mark.parametrize(
    ("executor", "ended", "status"),
    [
        ("inline", -9, "running"),
        ("local", 1, "failed"),
        pytest.param("ray", 1, "failed", marks=pytest.mark.slow),
    ],
    indirect=["executor"],
)
def test_a_task_that_was_killed_when_it_had_done_its_work_does_it_again(
    ended: int, status: str, *, tmp_path: Path, elsewhere: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_script(tmp_path, elsewhere(TRIVIUM_FAILPOINT="run:task_called")) == ended
    resume(tmp_path, monkeypatch, status)
    check_calls(tmp_path, ["first", "first", "second"])


def run_script(folder: Path, environ: dict[str, str]) -> int:
    (folder / "chain_script.py").write_text(SCRIPT)
    return subprocess.run([sys.executable, "chain_script.py"], cwd=folder, env=environ, check=False).returncode


def resume(folder: Path, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """The only run of the folder's script, which is on record like this, goes on and succeeds."""
    monkeypatch.chdir(folder)
    with connect(folder / "project", actor="ada") as store:
        (before,) = store.catalog.runs.list_runs()
        assert before.status == status
        done = resume_run(store, before.id, pipeline=import_file(folder / "chain_script.py", folder).chain)
        assert (done.id, done.status, done.executed, done.cached) == (before.id, "succeeded", 2, 0)
        assert load_result(store, done.id) == 20


def check_calls(folder: Path, calls: list[str]) -> None:
    """These tasks were called, each time with the one key that is its own."""
    called = [line.split() for line in (folder / "calls").read_text().splitlines()]
    assert [word for word, _ in called] == calls
    assert len({key for _, key in called}) == 2
    assert len({(word, key) for word, key in called}) == 2
