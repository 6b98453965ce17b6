"""What is left of Spark when a task on it is ended: nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest
from tests.spark import ABSENT, light_java

from trivium.errors import RunCancelled, TaskFailed
from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.executors import idle_workers
from trivium.store.store import Store

if ABSENT:
    pytest.skip(ABSENT, allow_module_level=True)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]  # each starts Java, which takes long on a busy machine

Module = Callable[..., ModuleType]
ENDLESS = """
from pathlib import Path
import trivium as tv
from pyspark.sql import SparkSession

@tv.task({options})
def endless(spark: SparkSession, mark: str) -> int:
    Path(mark).write_text(str(spark._jvm.ProcessHandle.current().pid()))
    return spark.sql("SELECT sum(hash(id)) AS x FROM range(1000000000000)").first()[0]

@tv.pipeline
def whole(mark: str):
    return endless(mark)
"""


@pytest.fixture(scope="module", autouse=True)
def spark() -> Iterator[None]:
    yield from light_java()


@pytest.fixture
def local(local: Store) -> Iterator[Store]:
    yield local
    while idle_workers.idle:
        idle_workers.idle.pop().end()


def is_gone(mark: Path) -> bool:
    """Whether the process of Java whose id is in this file has ended; it is waited for a little."""
    for _ in range(100):
        if not Path(f"/proc/{mark.read_text()}/cmdline").exists() or not java(mark):
            return True
        time.sleep(0.1)
    return False


def java(mark: Path) -> bool:
    """Whether it still runs."""
    try:
        return b"java" in Path(f"/proc/{mark.read_text()}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def written(mark: Path) -> bool:
    """Whether the task has begun its query."""
    for _ in range(3000):
        if mark.exists() and mark.read_text():
            return True
        time.sleep(0.1)
    return False


def test_no_java_is_left_after_a_timeout_and_the_error_says_so(local: Store, module: Module, tmp_path: Path) -> None:
    user, mark = module(ENDLESS.format(options="timeout=60")), tmp_path / "mark"
    with pytest.raises(TaskFailed, match="TimeoutError: it took longer than its timeout of 60 s"):
        user.whole.run(mark=str(mark), store=local)
    assert is_gone(mark)


def test_no_java_is_left_after_a_cancel(local: Store, module: Module, tmp_path: Path) -> None:
    user, mark = module(ENDLESS.format(options="cpus=2")), tmp_path / "mark"

    def cancel() -> None:
        if written(mark):
            assert java(mark)
            cancel_run(local, local.catalog.runs.list_runs()[0].id)

    thread = Thread(target=cancel)
    thread.start()
    with pytest.raises(RunCancelled):
        user.whole.run(mark=str(mark), store=local)
    thread.join()
    assert is_gone(mark)


def test_the_files_of_a_killed_spark_are_swept_by_the_next(local: Store, module: Module, tmp_path: Path) -> None:
    user = module(ENDLESS.format(options="").replace("1000000000000", "10"))
    user.whole.run(mark=str(tmp_path / "first"), store=local)
    assert java(tmp_path / "first")  # kept for the next task
    idle_workers.idle.pop().end()
    assert is_gone(tmp_path / "first")
    user.whole.run(mark=str(tmp_path / "second"), store=local)
    assert len(list((local.settings.state / "spark").iterdir())) == 1
