"""Disks without room, under what a task makes, what it prints, and the record of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pipelines.executors.failed import Module
from tests.small_disk import mounted

from trivium.errors import StorageFull, TaskFailed
from trivium.pipelines.results import load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store, connect

LIMIT = """
import resource, sys
import numpy as np

def limit(size: int) -> None:
    sys.dont_write_bytecode = True  # half a compiled file would stay, for every other process
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
"""
FIRST = """
@tv.task
def first() -> int:
    with Path("calls").open("a") as file:
        file.write("first ")
    return 20_000
"""
FULL = "No space left on device|File too large"


@pytest.fixture
def store(executor: str, tmp_path: Path) -> Iterator[Store]:
    """As users have it, durable."""
    with connect(tmp_path / "project", actor="ada") as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", megabytes=8) as folder:
        yield folder


def test_a_result_without_room_fails_its_task_and_the_run_goes_on_when_there_is_some(
    store: Store, module: Module, tmp_path: Path
) -> None:
    user = module(
        LIMIT
        + FIRST
        + """
@tv.task
def noise(n: int) -> pl.DataFrame:
    limit(-1 if Path("room").exists() else 4096)
    return pl.DataFrame({"x": np.random.default_rng(0).random(n)})

@tv.task
def height(rows: pl.DataFrame) -> int:
    return rows.height

@tv.pipeline
def whole():
    return height(noise(first()))
"""
    )
    folder = Path(tmp_path / "work")
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(TaskFailed, match=r"Task 'noise' .* StorageFull: There is no room for .*Free space on the"):
            user.whole.run(store=store)
        (run,) = store.catalog.runs.list_runs()
        assert run.status == "failed"
        assert [task.status for task in store.catalog.runs.list_tasks(run.id)] == ["executed", "failed"]
        assert not list(store.blobs.root.rglob(".made-*"))
        (folder / "room").touch()
        assert resume_run(store, run.id, pipeline=user.whole).status == "succeeded"
    assert load_result(store, run.id) == 20_000
    assert (folder / "calls").read_text() == "first "


@pytest.mark.parametrize("secrets", ["", "secrets=('PASSWORD',)"], ids=["as it is", "cleaned of secrets"])
def test_a_log_without_room_has_a_gap_and_the_task_and_the_next_one_go_on(
    store: Store, module: Module, monkeypatch: pytest.MonkeyPatch, secrets: str
) -> None:
    monkeypatch.setenv("PASSWORD", "correct-horse-battery")
    user = module(
        LIMIT
        + f"""
@tv.task({secrets})
def talks() -> int:
    limit(50_000)
    try:
        for number in range(10_000):
            print(f"line {{number}} and what else there is to say of it", flush=True)
    except OSError:
        pass
    return 1

@tv.task
def after(n: int) -> int:
    limit(-1)
    print("again")
    return n

@tv.pipeline
def whole():
    return after(talks())
"""
    )
    run = user.whole.run(store=store)
    assert load_result(store, run.id) == 1
    logs = {task.node: task.log for task in store.catalog.runs.list_tasks(run.id)}
    assert "line 100 and" in logs["talks"] or "line 900 and" in logs["talks"]
    assert "line 9999" not in logs["talks"]
    assert logs["after"].endswith("again\n")


def test_a_task_that_cannot_print_fails_with_the_reason_and_its_line(store: Store, module: Module) -> None:
    user = module(
        LIMIT
        + """
@tv.task
def talks() -> int:
    limit(50_000)
    for number in range(10_000):
        print(number, "and what else there is to say of it", flush=True)
    return 1

@tv.pipeline
def whole():
    return talks()
"""
    )
    with pytest.raises(TaskFailed, match=rf"Task 'talks' .* failed: OSError: .*({FULL}) \(.*\.py:\d+ in talks\)"):
        user.whole.run(store=store)


def test_a_task_that_prints_until_the_disk_is_full_leaves_room_for_the_record_of_its_failure(
    small_disk: Path, module: Module, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        LIMIT
        + """
@tv.task
def talks() -> int:
    for _ in range(20_000):
        print("x" * 1000)
    return 1

@tv.pipeline
def whole():
    return talks()
"""
    )
    with connect(small_disk, actor="ada") as store:
        with pytest.raises(TaskFailed, match="No space left on device"):
            user.whole.run(store=store)
        (run,) = store.catalog.runs.list_runs()
        (task,) = store.catalog.runs.list_tasks(run.id)
        assert (run.status, task.status) == ("failed", "failed")
        assert "xxx" in task.log
        assert sum(file.stat().st_size for file in store.settings.state.rglob("logs/*/*")) < 1_000_000


@pytest.mark.filterwarnings("ignore::trivium.store.audit.due.CheckpointNotMade")
def test_a_run_whose_record_has_no_room_says_how_to_go_on_and_does(
    small_disk: Path, module: Module, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        LIMIT
        + FIRST
        + """
@tv.task
def fills(n: int) -> int:
    if not Path("room").exists():
        with Path("ballast").open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(4096))
                except OSError:
                    break
    return n + 1

@tv.pipeline
def whole():
    return fills(first())
"""
    )
    monkeypatch.chdir(small_disk)
    with connect(small_disk, actor="ada") as store:
        with pytest.raises(StorageFull) as full:
            user.whole.run(store=store)
        (run,) = store.catalog.runs.list_runs()
        assert run.status == "running"
        assert "There is no room for the catalog" in str(full.value)
        assert f"on record as running; `trivium runs resume {run.id}` goes on with it" in str(full.value)
        (small_disk / "ballast").unlink()
        (small_disk / "room").touch()
        assert resume_run(store, run.id, pipeline=user.whole).status == "succeeded"
        assert load_result(store, run.id) == 20_001
        assert (small_disk / "calls").read_text() == "first "
        assert store.catalog.events.verify().problems == ()
