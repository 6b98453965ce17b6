"""What tasks do that they should not, in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trivium.errors import TaskFailed
from trivium.pipelines.executors.task_log import MOST_BYTES
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store, connect

Module = Callable[..., ModuleType]
HEAD = """
import os, signal, sys, threading, time
from pathlib import Path
import polars as pl
import trivium as tv
"""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    monkeypatch.chdir(tmp_path)
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


def test_what_cannot_be_stored_is_told_once_with_its_place_and_not_tried_again(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(retries=3, backoff=0.01)
def opened() -> dict[str, list[object]]:
    return {"files": [1, threading.Lock()]}

@tv.pipeline
def whole():
    return opened()
"""
    )
    with pytest.raises(
        TaskFailed, match=r"The result of task 'opened' .* a dict that holds a _thread.lock at \['files'\]\[1\]"
    ):
        user.whole.run(store=local)
    (task,) = local.catalog.runs.list_tasks(local.catalog.runs.list_runs()[0].id)
    assert (task.status, task.attempts) == ("failed", ())


def test_what_a_task_does_to_its_input_stays_with_it(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task
def made() -> tuple[dict[str, list[int]], pl.DataFrame]:
    return {"a": [1]}, pl.DataFrame({"x": [1, 2]})

@tv.task
def spoils(values: dict[str, list[int]], rows: pl.DataFrame) -> int:
    values["a"].append(2)
    rows.replace_column(0, pl.Series("x", [9, 9]))
    return sum(values["a"]) + rows["x"].sum()

@tv.task
def reads(values: dict[str, list[int]], rows: pl.DataFrame, after: int) -> int:
    return sum(values["a"]) + rows["x"].sum()

@tv.pipeline
def whole():
    values, rows = made()
    return reads(values, rows, spoils(values, rows))
"""
    )
    run = user.whole.run(store=local)
    assert [load_output(local, run.id, node) for node in ("spoils", "reads")] == [21, 4]


def test_half_a_file_is_no_result_and_the_resumed_task_begins_anew(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
class Saved:
    def __init__(self, path: str) -> None:
        self.path = path

    def save(self, blobs):
        def write(path):
            path.write_bytes(b"half")
            if not Path("repaired").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            path.write_bytes(b"half and whole")
        digest, size = blobs.put_made(write)
        return tv_ref(digest, size)

    @classmethod
    def load(cls, blobs, ref):
        return blobs.get(ref.digest)

def tv_ref(digest, size):
    from trivium.values.runs import ArtifactRef
    return ArtifactRef("saved", digest, size, {"type": f"{Saved.__module__}:Saved"})

@tv.task
def writes() -> object:
    return Saved("out")

@tv.pipeline
def whole():
    return writes()
"""
    )
    with pytest.raises(TaskFailed, match="killed by SIGKILL"):
        user.whole.run(store=local)
    (run,) = local.catalog.runs.list_runs()
    (task,) = local.catalog.runs.list_tasks(run.id)
    assert (task.status, task.outputs) == ("failed", ())
    Path("repaired").touch()
    assert resume_run(local, run.id, pipeline=user.whole).status == "succeeded"
    assert load_result(local, run.id) == b"half and whole"


PRINTS = (
    HEAD
    + """
@tv.task
def talks(megabytes: int) -> int:
    line = "x" * 999 + "\\n"
    for _ in range(megabytes * 1000):
        sys.stdout.write(line)
    print("the last words")
    return os.getpid()

@tv.pipeline
def whole(megabytes: int):
    return talks(megabytes)
"""
)


@pytest.mark.parametrize("megabytes", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_log_is_bounded_on_disk_and_on_record_and_keeps_its_end(
    local: Store, module: Module, capfd: pytest.CaptureFixture[str], megabytes: int
) -> None:
    run = module(PRINTS).whole.run(store=local, megabytes=megabytes)
    (task,) = local.catalog.runs.list_tasks(run.id)
    assert task.log.endswith("the last words\n")
    assert len(task.log) <= 20_000
    (file,) = (local.settings.state / "logs").rglob("*.log")
    assert file.stat().st_size <= MOST_BYTES
    assert len(capfd.readouterr().out) < megabytes * 100_000
