"""Tasks in processes of their own: what they do to themselves is their failure, and nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Literal

import polars as pl
import pytest

from trivium.errors import TaskFailed
from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.executors import local as local_executor
from trivium.pipelines.registry import import_file
from trivium.pipelines.resources import cores_of_machine
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store, connect
from trivium.tables.read import FlaggedData

Module = Callable[..., ModuleType]
HEAD = """
import os, signal, subprocess, sys, threading, time
from dataclasses import dataclass
import polars as pl
import trivium as tv
"""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


def failure(store: Store, module: ModuleType, **parameters: object) -> tuple[str, str]:
    """The message and the log of the task that fails."""
    with pytest.raises(TaskFailed) as failed:
        module.whole.run(store=store, **parameters)
    (task,) = [each for each in store.catalog.runs.list_tasks(store.catalog.runs.list_runs()[0].id) if each.error]
    return str(failed.value), task.log


def test_a_task_runs_in_another_process_and_its_result_comes_back(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@dataclass
class Point:
    x: int

@tv.task
def made(n: int) -> Point:
    print("made in", os.getpid())
    return Point(n)

@tv.task
def framed(point: Point) -> pl.DataFrame:
    return pl.DataFrame({"x": [point.x, os.getpid()]})

@tv.pipeline
def whole(n: int = 3):
    return framed(made(n))
"""
    )
    run = user.whole.run(store=local)
    found = load_result(local, run.id)["x"].to_list()
    assert found[0] == 3
    assert found[1] != os.getpid()
    assert load_output(local, run.id, "made") == user.Point(3)
    assert "made in" in local.catalog.runs.list_tasks(run.id)[0].log


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os._exit(3)", "ended with status 3 before the task returned"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL: perhaps the machine was out of memory"),
        ("sys.exit(4)", "SystemExit: 4"),
    ],
)
def test_a_task_that_ends_its_process_fails_with_the_end_of_its_log(
    local: Store, module: Module, body: str, said: str
) -> None:
    user = module(
        HEAD
        + f"""
@tv.task
def dies() -> int:
    print("the last words", flush=True)
    {body}
    return 1

@tv.pipeline
def whole():
    return dies()
"""
    )
    message, log = failure(local, user)
    assert said in message
    assert "the last words" in log


def test_a_time_out_ends_the_task_and_all_that_it_started(
    local: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        HEAD
        + """
@tv.task(timeout=600)
def hangs(file: str) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # it does not even hear that its time is over
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

    class Clock:
        """Ten minutes are over as soon as the task has started its child, however busy the machine is."""

        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + (1200 if file.exists() and file.read_text() else 0)

    monkeypatch.setattr(local_executor, "time", Clock)
    message, _ = failure(local, user, file=str(file))
    assert "TimeoutError: it took longer than its timeout of 600 s" in message
    assert is_gone(int(file.read_text()))


def test_a_task_that_ends_by_its_time_out_leaves_nothing_that_it_started(
    local: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        HEAD
        + """
@tv.task(timeout=600)
def hangs(file: str) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    open(file, "w").write(str(child.pid))
    os.kill(os.getpid(), signal.SIGALRM)  # as when its time is over
    return 1

@tv.pipeline
def whole(file: str):
    return hangs(file)
"""
    )
    file, begun = tmp_path / "pid", time.monotonic()

    class Clock:
        """Ten minutes are over, and none of the grace, as soon as the task has started its child."""

        @staticmethod
        def monotonic() -> float:
            return begun + (600.5 if file.exists() and file.read_text() else 0)

    monkeypatch.setattr(local_executor, "time", Clock)
    message, log = failure(local, user, file=str(file))
    assert "TimeoutError: it took longer than its timeout of 600 s" in message
    assert "its process was ended" not in message
    assert "os.kill(os.getpid(), signal.SIGALRM)" in log
    assert is_gone(int(file.read_text()))


def is_gone(pid: int) -> bool:
    """Whether it runs no more, though perhaps nobody has asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_an_interrupt_while_an_answer_is_read_leaves_no_process(
    local: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        HEAD
        + """
@tv.task
def told(file: str) -> int:
    open(file, "w").write(str(os.getpid()))
    return 1

@tv.pipeline
def whole(file: str):
    return told(file)
"""
    )

    def interrupt(_message: bytes) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(local_executor, "unpack", interrupt)
    with pytest.raises(KeyboardInterrupt):
        user.whole.run(store=local, file=str(tmp_path / "pid"))
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_task_that_needs_more_than_its_memory_is_ended(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(memory="300MB")
def greedy() -> int:
    held = []
    for _ in range(100):
        held.append(bytearray(50_000_000))
        time.sleep(0.05)
    return len(held)

@tv.pipeline
def whole():
    return greedy()
"""
    )
    message, _ = failure(local, user)
    assert "MemoryError: it needed more than its memory='300MB'" in message


def test_a_task_may_fork(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task
def forks() -> int:
    os.fork()
    return 7

@tv.task
def after(n: int) -> int:
    return n + 1

@tv.pipeline
def whole():
    return after(forks())
"""
    )
    assert load_result(local, user.whole.run(store=local).id) == 8


def test_a_retry_has_a_process_of_its_own(local: Store, module: Module, tmp_path: Path) -> None:
    user = module(
        HEAD
        + """
@tv.task(retries=1, backoff=0.01)
def flaky(file: str) -> int:
    if not os.path.exists(file):
        open(file, "w").close()
        os._exit(9)
    return 5

@tv.pipeline
def whole(file: str):
    return flaky(file)
"""
    )
    run = user.whole.run(store=local, file=str(tmp_path / "tried"))
    (task,) = local.catalog.runs.list_tasks(run.id)
    assert [each.error for each in task.attempts] == [
        "ProcessDied: the process ended with status 9 before the task returned"
    ]


def test_what_a_task_and_its_children_print_is_its_log_and_appears(
    local: Store, module: Module, capfd: pytest.CaptureFixture[str]
) -> None:
    user = module(
        HEAD
        + """
@tv.task
def talks() -> int:
    print("hello")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    os.write(2, b"and to stderr\\n")
    return 1

@tv.pipeline
def whole():
    return talks()
"""
    )
    run = user.whole.run(store=local)
    (task,) = local.catalog.runs.list_tasks(run.id)
    appeared = capfd.readouterr().out
    for words in ("hello", "from a child", "and to stderr"):
        assert words in task.log
        assert words in appeared


@pytest.mark.parametrize("action", ["default", "ignore"])
def test_a_task_warns_as_this_process_would(
    local: Store, module: Module, capfd: pytest.CaptureFixture[str], action: Literal["default", "ignore"]
) -> None:
    user = module(
        HEAD
        + """
flights = tv.Table("flights", checks=[tv.rule("a > 0", severity="warn")], watch="off")

@tv.task(cache=False)
def counted(rows: pl.DataFrame) -> int:
    return rows.height

@tv.pipeline
def whole():
    return counted(flights)
"""
    )
    user.flights.append(pl.DataFrame({"a": [1, -1]}))
    with warnings.catch_warnings():
        warnings.simplefilter(action, FlaggedData)
        user.whole.run(store=local)
    out = capfd.readouterr().out
    assert out.startswith("FlaggedData: flights version 1 is flagged") is (action == "default")
    assert "frozen" not in out


def test_secrets_are_cleaned_out_of_what_a_task_and_its_children_print(
    local: Store, module: Module, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct-horse-battery")
    user = module(
        HEAD
        + """
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
"""
    )
    message, log = failure(local, user)
    shown = message + log + capfd.readouterr().out
    assert "correct-horse-battery" not in shown
    assert log.count("[secret DB_PASSWORD]") == 4
    files = [file for file in local.settings.state.rglob("*") if file.is_file()]
    assert not any(b"correct-horse-battery" in file.read_bytes() for file in files)


def test_a_module_that_changed_on_disk_since_it_was_loaded_runs_as_it_was_loaded(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
def helper(n: int) -> int:
    return n + 1

@tv.task
def uses(n: int) -> int:
    return helper(n)

@tv.pipeline
def whole(n: int = 1):
    return uses(n)
"""
    )
    file = Path(str(user.__file__))
    file.write_text(file.read_text().replace("n + 1", "n + 1000"))
    assert load_result(local, user.whole.run(store=local).id) == 2


def test_a_global_that_was_set_after_the_import_counts(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
FACTOR = 2

@tv.task
def times(n: int) -> int:
    return n * FACTOR

@tv.pipeline
def whole(n: int = 5):
    return times(n)
"""
    )
    user.__dict__["FACTOR"] = 3
    assert load_result(local, user.whole.run(store=local).id) == 15


def test_a_variable_that_was_set_between_two_runs_is_seen_and_no_process_piles_up(
    local: Store, module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module(
        HEAD
        + """
@tv.task(cache=False)
def told() -> str:
    return os.environ["ANSWER"]

@tv.pipeline
def whole():
    return told()
"""
    )
    for answer in ("one", "two", "three", "four"):
        monkeypatch.setenv("ANSWER", answer)
        assert load_result(local, user.whole.run(store=local).id) == answer
    assert len(local_executor._idle) <= cores_of_machine()


def test_tasks_run_side_by_side_within_the_cores(local: Store, module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivium.pipelines.executors.local.cores_of_machine", lambda: 2)
    user = module(
        HEAD
        + """
@tv.task
def seen(n: int) -> tuple[float, float]:
    begun = time.time()
    time.sleep(0.4)
    return begun, time.time()

@tv.task
def together(spans: list[tuple[float, float]]) -> int:
    moments = [begun for begun, _ in spans]
    return max(sum(begun <= at < ended for begun, ended in spans) for at in moments)

@tv.pipeline
def whole():
    return together(seen.map([1, 2, 3, 4]))
"""
    )
    assert load_result(local, user.whole.run(store=local).id) == 2


def test_an_argument_that_cannot_leave_the_process_is_refused_with_a_way_out(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(cache=False)
def takes(thing: object) -> int:
    return 1

@tv.pipeline
def whole():
    return takes(threading.Lock())
"""
    )
    message, _ = failure(local, user)
    assert "cannot be sent to another process" in message
    assert 'executor = "inline"' in message


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
    Path("begun").write_text(str(os.getpid()))
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


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Runs the script in a process, which is gone after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(argument: str, script: str = SCRIPT) -> subprocess.Popen[str]:
        (tmp_path / "script.py").write_text(script)
        (tmp_path / "trivium.toml").write_text("")
        command = [sys.executable, str(tmp_path / "script.py"), argument]
        environ = {**os.environ, "TRIVIUM_EXECUTOR": "local"}
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environ, text=True, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for each in started:
        with each:
            each.kill()


def test_a_script_with_types_of_its_own_runs(start: Start) -> None:
    out, _ = start("0").communicate(timeout=120)
    assert out.split()[-1] == "succeeded"


def test_a_script_that_runs_its_pipeline_at_the_top_has_its_types_by_value(tmp_path: Path) -> None:
    script = tmp_path / "top.py"
    script.write_text(SCRIPT.replace('if __name__ == "__main__":\n    print', "print").replace("sys.argv[1]", "0"))
    (tmp_path / "trivium.toml").write_text("")
    environ = {**os.environ, "TRIVIUM_EXECUTOR": "local"}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environ, text=True, capture_output=True, check=False
    )
    assert done.stdout.split() == ["succeeded"], done.stderr


@pytest.mark.parametrize("name", ["main", "loaded"])
def test_a_task_of_a_script_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "script.py").write_text(
        "import trivium as tv\n"
        f"@tv.task\ndef {name}() -> int:\n    return 7\n"
        f"@tv.pipeline\ndef whole() -> int:\n    return {name}()\n"
        "if __name__ == '__main__':\n    print(whole.run().status)\n"
    )
    environ = {**os.environ, "TRIVIUM_ROOT": str(tmp_path), "TRIVIUM_EXECUTOR": "local"}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environ, text=True, capture_output=True, check=False
    )
    assert done.stdout == "succeeded\n", done.stderr


def test_when_the_runs_process_is_killed_its_workers_go_and_it_can_be_resumed(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = start("600")
    worker = int(wait_for(tmp_path / "begun"))
    os.kill(going.pid, signal.SIGKILL)
    going.communicate()
    wait_until(lambda: is_gone(worker))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "inline")
    with connect(tmp_path, actor="ada") as store:
        (run,) = store.catalog.runs.list_runs()
        assert run.status == "running"
        user = import_file(tmp_path / "script.py", tmp_path)
        monkeypatch.setattr(user.time, "sleep", lambda _: None)
        assert resume_run(store, run.id, pipeline=user.whole).status == "succeeded"


def wait_for(file: Path) -> str:
    wait_until(lambda: file.exists() and bool(file.read_text()))
    return file.read_text()


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    over = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < over
        time.sleep(0.05)


def test_a_cancelled_run_ends_at_once_and_can_be_resumed(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = start("600")
    worker = int(wait_for(tmp_path / "begun"))
    with connect(tmp_path, actor="bob", executor="inline") as store:
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
        user = import_file(tmp_path / "script.py", tmp_path)
        monkeypatch.setattr(user.time, "sleep", lambda _: None)
        monkeypatch.chdir(tmp_path)
        assert resume_run(store, run.id, pipeline=user.whole).status == "succeeded"


def test_a_run_whose_process_is_gone_is_cancelled_all_the_same(tmp_path: Path, start: Start) -> None:
    going = start("600")
    wait_for(tmp_path / "begun")
    os.kill(going.pid, signal.SIGKILL)
    going.communicate()
    with connect(tmp_path, actor="bob") as store:
        (run,) = store.catalog.runs.list_runs()
        ended = cancel_run(store, run.id, sleep=lambda _: None)
        assert (ended.status, ended.error) == ("cancelled", "its process did not answer")


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
    local_executor._end_idle()
    assert user.whole.run(store=local).executed == 1
    assert len(local_executor._idle) == 1  # the one that got ready is the one that was used
    local_executor._end_idle()
    assert user.whole.run(store=local).cached == 1
    assert not local_executor._idle


def test_no_process_is_left_behind(tmp_path: Path, start: Start) -> None:
    out, _ = start("0").communicate(timeout=120)
    assert out
    worker = int((tmp_path / "begun").read_text())
    wait_until(lambda: is_gone(worker))


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
