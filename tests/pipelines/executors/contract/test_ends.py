"""What a task does to itself is its own failure, told with the end of its log, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pipelines.executors.failed import Module, run_that_fails
from tests.pipelines.executors.jump import jump_when_written
from tests.pipelines.executors.scope import EVERYWHERE
from tests.processes import is_gone

from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store

DIES = """
@tv.task
def dies() -> int:
    print("the last words", flush=True)
    BODY
    return 1

@tv.pipeline
def whole():
    return dies()
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os._exit(3)", "ended with status 3 before the task returned"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL: perhaps the machine was out of memory"),
    ],
)
def test_a_task_that_ends_its_process_fails_with_the_end_of_its_log(
    store: Store, module: Module, body: str, said: str
) -> None:
    failed = run_that_fails(store, module(DIES.replace("BODY", body)))
    assert said in failed.message
    assert "the last words" in failed.log


@EVERYWHERE
def test_a_task_that_exits_fails_with_the_end_of_its_log(store: Store, module: Module) -> None:
    failed = run_that_fails(store, module(DIES.replace("BODY", "sys.exit(4)")))
    assert "SystemExit: 4" in failed.message
    assert "the last words" in failed.log


def test_a_retry_has_a_process_of_its_own_and_why_there_is_one_is_on_record(
    store: Store, module: Module, tmp_path: Path
) -> None:
    user = module("""
@tv.task(retries=1, backoff=0.01)
def flaky(file: str) -> int:
    if not os.path.exists(file):
        open(file, "w").close()
        os._exit(9)
    return 5

@tv.pipeline
def whole(file: str):
    return flaky(file)
""")
    run = user.whole.run(store=store, file=str(tmp_path / "tried"))
    (task,) = store.catalog.runs.list_tasks(run.id)
    assert load_result(store, run.id) == 5
    assert [each.error for each in task.attempts] == [
        "ProcessDied: the process ended with status 9 before the task returned"
    ]


def test_a_log_has_the_last_words_of_each_attempt(store: Store, module: Module) -> None:
    source = DIES.replace("@tv.task", "@tv.task(retries=1, backoff=0)")
    failed = run_that_fails(store, module(source.replace("BODY", "os.kill(os.getpid(), signal.SIGSEGV)")))
    assert "killed by SIGSEGV" in failed.message
    assert failed.log.count("the last words") == 2
    assert len(failed.earlier) == 1


def test_a_task_that_needs_more_than_its_memory_is_ended(store: Store, module: Module) -> None:
    user = module("""
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
""")
    assert "MemoryError: it needed more than its memory='300MB'" in run_that_fails(store, user).message


@pytest.mark.parametrize("heeds", ["Exception", "BaseException"])
def test_a_time_out_ends_a_task_with_all_that_it_started_also_one_that_goes_on_in_spite_of_it(
    store: Store, *, module: Module, executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heeds: str
) -> None:
    """Under local ten minutes are over as soon as the child has started, with their grace where it is needed."""
    user = module(f"""
@tv.task
def ready() -> bool:
    return True

@tv.task(timeout={600 if executor == "local" else 4})
def endless(file: str, ready: bool) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    Path(file).write_text(str(child.pid))
    if {executor == "local"}:
        signal.setitimer(signal.ITIMER_REAL, 0.01)  # as when its time is over
    while True:
        try:
            time.sleep(60)
        except {heeds}:
            pass

@tv.pipeline
def whole(file: str):
    return endless(file, ready())
""")
    file = tmp_path / "pid"
    if executor == "local":
        jump_when_written(monkeypatch, file, 1200 if heeds == "BaseException" else 600.5)
    failed = run_that_fails(store, user, file=str(file))
    assert "TimeoutError: it took longer than its timeout of " in failed.message
    assert ("its process was ended" in failed.message) == (heeds == "BaseException")
    assert ("time.sleep(60)" in failed.log) == (heeds == "Exception")
    assert is_gone(int(file.read_text()))


def test_a_task_may_fork(store: Store, module: Module) -> None:
    user = module("""
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
""")
    assert load_result(store, user.whole.run(store=store).id) == 8


@EVERYWHERE
def test_what_cannot_be_stored_is_told_once_with_its_place_and_not_tried_again(store: Store, module: Module) -> None:
    user = module("""
@tv.task(retries=3, backoff=0.01)
def opened() -> dict[str, list[object]]:
    return {"files": [1, threading.Lock()]}

@tv.pipeline
def whole():
    return opened()
""")
    failed = run_that_fails(store, user)
    assert "The result of task 'opened' " in failed.message
    assert " a dict that holds a _thread.lock at ['files'][1]" in failed.message
    (task,) = store.catalog.runs.list_tasks(store.catalog.runs.list_runs()[0].id)
    assert (task.status, task.attempts) == ("failed", ())


@EVERYWHERE
def test_what_a_task_does_to_its_input_stays_with_it(store: Store, module: Module) -> None:
    user = module("""
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
""")
    run = user.whole.run(store=store)
    assert [load_output(store, run.id, node) for node in ("spoils", "reads")] == [21, 4]


def test_half_a_file_is_no_result_and_the_resumed_task_begins_anew(
    store: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    user = module("""
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
""")
    assert "killed by SIGKILL" in run_that_fails(store, user).message
    (run,) = store.catalog.runs.list_runs()
    (task,) = store.catalog.runs.list_tasks(run.id)
    assert (task.status, task.outputs) == ("failed", ())
    Path("repaired").touch()
    assert resume_run(store, run.id, pipeline=user.whole).status == "succeeded"
    assert load_result(store, run.id) == b"half and whole"
