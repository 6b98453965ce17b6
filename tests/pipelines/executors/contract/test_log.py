"""What a task and its children print is in its log, and appears: once, bounded, and without its secrets."""

from __future__ import annotations

import warnings
from typing import Literal

import polars as pl
import pytest
from tests.pipelines.executors.failed import Module, run_that_fails

from trivium.pipelines.executors.task_log import MOST_BYTES
from trivium.store.store import Store
from trivium.tables.read import FlaggedData


def test_what_a_task_and_its_children_print_is_its_log_and_appears_once(
    store: Store, module: Module, capfd: pytest.CaptureFixture[str]
) -> None:
    user = module("""
@tv.task
def talks() -> int:
    print("hello")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    subprocess.run(["sh", "-c", "echo from another >&2"], check=True)
    os.write(2, b"and to stderr\\n")
    return 1

@tv.pipeline
def whole():
    return talks()
""")
    run = user.whole.run(store=store)
    (task,) = store.catalog.runs.list_tasks(run.id)
    assert task.log == "hello\nfrom a child\nfrom another\nand to stderr\n"
    out, err = capfd.readouterr()
    for words in task.log.splitlines():
        assert out.count(words) == 1
        assert words not in err


@pytest.mark.parametrize("action", ["default", "ignore"])
def test_a_task_warns_as_this_process_would(
    store: Store, module: Module, capfd: pytest.CaptureFixture[str], action: Literal["default", "ignore"]
) -> None:
    user = module("""
flights = tv.Table("flights", checks=[tv.rule("a > 0", severity="warn")], watch="off")

@tv.task(cache=False)
def counted(rows: pl.DataFrame) -> int:
    return rows.height

@tv.pipeline
def whole():
    return counted(flights)
""")
    user.flights.append(pl.DataFrame({"a": [1, -1]}))
    with warnings.catch_warnings():
        warnings.simplefilter(action, FlaggedData)
        user.whole.run(store=store)
    out = capfd.readouterr().out
    assert out.startswith("FlaggedData: flights version 1 is flagged") is (action == "default")
    assert "frozen" not in out


def test_secrets_are_cleaned_out_of_what_a_task_and_its_children_print(
    store: Store, module: Module, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct-horse-battery")
    user = module("""
@tv.task(secrets=("DB_PASSWORD",))
def talks() -> int:
    print("with", os.environ["DB_PASSWORD"])
    subprocess.run([sys.executable, "-c", "import os; print('child', os.environ['DB_PASSWORD'])"], check=True)
    os.write(1, b"correct-horse-")
    time.sleep(0.1)
    os.write(1, b"battery\\n")
    raise ValueError("no entry with " + os.environ["DB_PASSWORD"])

@tv.pipeline
def whole():
    return talks()
""")
    failed = run_that_fails(store, user)
    shown = failed.message + failed.log + capfd.readouterr().out
    assert "correct-horse-battery" not in shown
    assert failed.log.count("[secret DB_PASSWORD]") == 4
    files = [file for file in store.settings.state.rglob("*") if file.is_file()]
    assert not any(b"correct-horse-battery" in file.read_bytes() for file in files)


@pytest.mark.parametrize("megabytes", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_log_is_bounded_on_disk_and_on_record_and_keeps_its_end(
    store: Store, module: Module, capfd: pytest.CaptureFixture[str], megabytes: int
) -> None:
    user = module("""
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
""")
    run = user.whole.run(store=store, megabytes=megabytes)
    (task,) = store.catalog.runs.list_tasks(run.id)
    assert task.log.endswith("the last words\n")
    assert len(task.log) <= 20_000
    (file,) = (store.settings.state / "logs").rglob("*.log")
    assert file.stat().st_size <= MOST_BYTES
    assert len(capfd.readouterr().out) < megabytes * 100_000
