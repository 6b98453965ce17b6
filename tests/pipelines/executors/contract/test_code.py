"""The code of a task, and what it is given, are in another process what they are here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.pipelines.executors.failed import Module, run_that_fails

from trivium.pipelines.results import load_output, load_result
from trivium.store.store import Store


def test_a_task_runs_in_another_process_and_its_result_comes_back(store: Store, module: Module) -> None:
    user = module("""
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
""")
    run = user.whole.run(store=store)
    found = load_result(store, run.id)["x"].to_list()
    assert found[0] == 3
    assert found[1] != os.getpid()
    assert load_output(store, run.id, "made") == user.Point(3)
    assert "made in" in store.catalog.runs.list_tasks(run.id)[0].log


HELPED = """
@dataclass
class Point:
    x: int

def helper(n: int) -> int:
    return Point(n + 1).x

@tv.task
def uses(n: int) -> int:
    return helper(n)

@tv.pipeline
def whole():
    return uses.map([1, 2, 3])
"""


def test_a_module_that_changed_on_disk_since_it_was_loaded_runs_as_it_was_loaded(store: Store, module: Module) -> None:
    user = module(HELPED)
    file = Path(str(user.__file__))
    file.write_text(file.read_text().replace("n + 1", "n + 1000"))
    assert load_result(store, user.whole.run(store=store).id) == [2, 3, 4]


def test_code_that_is_not_on_disk_any_more_goes_along_by_value(store: Store, module: Module) -> None:
    user = module(HELPED)
    user.whole.plan(store=store)  # the code has been read
    Path(str(user.__file__)).unlink()
    assert load_result(store, user.whole.run(store=store).id) == [2, 3, 4]


def test_a_module_that_a_task_imports_itself_and_that_changed_meanwhile_is_not_run_under_the_old_key(
    store: Store, module: Module
) -> None:
    later = module("def times(n):\n    return n * 10\n", "later_steps", "steps")
    user = module(
        """
@tv.task
def edits(file: str) -> int:
    Path(file).write_text("def times(n):\\n    return n * 7000\\n")
    return 1

@tv.task
def late(n: int) -> int:
    import later_steps
    return later_steps.times(n)

@tv.pipeline
def whole(file: str):
    return late(edits(file))
""",
        "first_steps",
        "steps",
    )
    told = "module 'later_steps' was changed while the run is on, and 'late' imports it while it runs"
    assert told in run_that_fails(store, user, file=later.__file__).message


def test_a_global_that_was_set_after_the_import_counts(store: Store, module: Module) -> None:
    user = module("""
FACTOR = 2

@tv.task
def times(n: int) -> int:
    return n * FACTOR

@tv.pipeline
def whole(n: int = 5):
    return times(n)
""")
    user.__dict__["FACTOR"] = 3
    assert load_result(store, user.whole.run(store=store).id) == 15


def test_a_variable_that_was_set_between_two_runs_is_seen(
    store: Store, module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = module("""
@tv.task(cache=False)
def told() -> str:
    return os.environ["ANSWER"]

@tv.pipeline
def whole():
    return told()
""")
    for answer in ("one", "two"):
        monkeypatch.setenv("ANSWER", answer)
        assert load_result(store, user.whole.run(store=store).id) == answer


def test_an_argument_that_cannot_leave_the_process_is_refused_with_a_way_out(store: Store, module: Module) -> None:
    user = module("""
@tv.task(cache=False)
def takes(thing: object) -> int:
    return 1

@tv.pipeline
def whole():
    return takes(threading.Lock())
""")
    message = run_that_fails(store, user).message
    assert "cannot be sent to another process" in message
    assert 'executor = "inline"' in message
