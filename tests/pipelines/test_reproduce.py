"""Runs of a small project, reproduced by real processes from the code that was kept."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from msgspec.structs import replace

from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.environment import current_environment, make_environment
from trivium.pipelines.registry import import_file
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.reproduction import Reproduction, list_reproductions
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.values.runs import Run
from trivium.values.tables import TableSpec

HEADER = """
import random, time
from pathlib import Path
import polars as pl
import trivium as tv

@tv.task
def load(n: int) -> list[int]:
    print("loading")
    return list(range(n))
"""

PIPELINE = """
@tv.pipeline
def flow(n: int = 4):
    return train(load(n))
"""


@pytest.fixture
def write(store: Store, module: Callable[..., ModuleType]) -> Callable[..., Path]:
    """Writes files of the project; `module` forgets what was imported."""

    def make(task: str, name: str = "flow", pipeline: str = PIPELINE, header: str = HEADER) -> Path:
        path = store.settings.root / f"{name}.py"
        path.write_text(header + task + pipeline)
        return path

    return make


def run_of(path: Path, store: Store, **parameters: object) -> Run:
    run: Run = import_file(path, path.parent).flow.run(store=store, **parameters)
    return run


def kinds(found: Reproduction) -> list[str]:
    return [cause.kind for cause in found.causes]


def test_a_run_is_reproduced_from_its_kept_code_when_the_code_changed_and_a_helper_and_git_are_gone(
    store: Store, write: Callable[..., Path]
) -> None:
    root = store.settings.root
    (root / "my_helper.py").write_text("def double(n):\n    return 2 * n\n")
    path = write(
        "from my_helper import double\n\n@tv.task\ndef train(rows: list[int]) -> int: return double(sum(rows))\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    run = run_of(path, store, n=5)
    path.write_text("raise RuntimeError('the present code is not to be run')\n")
    (root / "my_helper.py").unlink()
    shutil.rmtree(root / ".git")
    found = reproduce_run(store, run.id)
    assert (found.same, found.first, found.causes, found.notes) == (True, "", (), ())
    again = store.catalog.runs.get_run(found.again)
    assert (again.executed, again.cached, again.parameters) == (2, 0, {"n": 5})
    assert (again.tags, again.code, again.trigger) == ({"reproduces": run.id}, run.code, "reproduce")


def test_a_reproduction_is_evidence_in_the_audit_log(store: Store, write: Callable[..., Path]) -> None:
    run = run_of(write("@tv.task\ndef train(rows: list[int]) -> int: return len(rows)\n"), store)
    found = reproduce_run(store, run.id)
    (evidence,) = list_reproductions(store, run.id)
    assert (evidence.actor, evidence.again, evidence.same, evidence.told) == ("ada", found.again, True, "same")
    assert store.catalog.events.verify().problems == ()


def test_a_pipeline_that_is_given_runs_in_this_process(store: Store, write: Callable[..., Path]) -> None:
    path = write("@tv.task\ndef train(rows: list[int]) -> int: return len(rows)\n")
    run = run_of(path, store)
    assert reproduce_run(store, run.id, pipeline=import_file(path, path.parent).flow).same


def test_random_numbers_without_a_seed_are_named_with_the_first_task_that_draws_them(
    store: Store, write: Callable[..., Path]
) -> None:
    path = write(
        "@tv.task\ndef train(rows: list[int]) -> float:\n    return random.random()\n"
        "@tv.task\ndef after(score: float) -> float: return 2 * score\n",
        pipeline="@tv.pipeline\ndef flow(n: int = 4):\n    return after(train(load(n)))\n",
    )
    found = reproduce_run(store, run_of(path, store).id)
    assert found.first.startswith("train: the value was 0.")
    assert [each.node for each in found.differences] == ["train", "after"]
    (cause,) = found.causes
    assert cause.kind == "seed"
    assert "it calls random.random (flow.py:13) without a seed" in cause.text
    (evidence,) = list_reproductions(store, found.run)
    assert (evidence.same, evidence.told) == (False, found.tell())


def test_what_executing_alone_does_stays_out_of_the_project(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "@tv.task\ndef train(rows: list[int]) -> float:\n    tv.log_metric('m', random.random()); return 1.0\n"
    )
    run = run_of(path, store)
    found = reproduce_run(store, run.id)
    assert kinds(found) == ["seed"]
    assert [each.id for each in store.catalog.runs.list_runs()] == [found.again, run.id]
    assert len(store.catalog.runs.list_metrics(found.again)) == 1


def test_the_order_of_a_set_is_found_by_the_hash_seed(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "@tv.task\ndef train(rows: list[int]) -> list[str]:\n    return list({f'word {n}' for n in range(40)})\n"
    )
    found = reproduce_run(store, run_of(path, store).id)
    assert found.first == "train: the same items in another order"
    assert kinds(found) == ["hash seed"]


def test_the_number_of_threads_is_found(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "import os\n@tv.task\ndef train(rows: list[int]) -> list[object]:\n"
        "    return [os.environ.get('OMP_NUM_THREADS'), random.Random(os.environ['RUN_OF']).random()]\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUN_OF", "somewhere else")
        run = run_of(path, store)
        patch.setenv("RUN_OF", "here")
        found = reproduce_run(store, run.id)
    assert kinds(found) == ["threads"]


def test_the_clock_is_named(store: Store, write: Callable[..., Path]) -> None:
    path = write("@tv.task\ndef train(rows: list[int]) -> float:\n    return time.time()\n")
    (cause,) = reproduce_run(store, run_of(path, store).id).causes
    assert (cause.kind, "time.time (flow.py:13)" in cause.text) == ("clock", True)


def test_rows_without_an_order_are_told_with_the_call_that_gives_none(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "@tv.task\ndef train(rows: list[int]) -> pl.DataFrame:\n"
        "    keys = [__import__('os').urandom(8) for _ in range(50)]  # as if many threads had found them\n"
        "    return pl.DataFrame({'g': range(50), 'k': keys}).sort('k').drop('k').group_by('g').len()\n"
    )
    found = reproduce_run(store, run_of(path, store).id)
    assert found.first == "train: the same rows in another order"
    (cause,) = found.causes
    assert (cause.kind, ".group_by (flow.py:14)" in cause.text) == ("order", True)


def test_the_columns_that_differ_are_named_and_by_how_much(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        f"PLACE = {str(store.settings.root / 'undeclared.txt')!r}\n"
        "@tv.task\ndef train(rows: list[int]) -> pl.DataFrame:\n"
        "    weight = float(Path(PLACE).read_text())\n"
        "    return pl.DataFrame({'id': rows, 'score': [weight if n == 2 else 0.5 for n in rows]})\n"
    )
    (store.settings.root / "undeclared.txt").write_text("0.75")
    run = run_of(path, store)
    (store.settings.root / "undeclared.txt").write_text("0.5")
    found = reproduce_run(store, run.id)
    assert found.first == ("train: column score in 1 of 4 rows, by up to 0.25 (row 2: 0.75, now 0.5)")
    assert found.differences[0].columns == ("score",)
    assert kinds(found) == ["unknown"]
    assert "it may read a file" in found.causes[0].text


def test_metrics_differ_by_no_more_than_the_tolerance(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "@tv.task\ndef train(rows: list[int]) -> int:\n"
        "    tv.log_metric('auc', 0.8 + 1e-7 * random.random())\n    return 1\n"
    )
    run = run_of(path, store)
    assert reproduce_run(store, run.id, tolerance=1e-6).same
    found = reproduce_run(store, run.id, tolerance=1e-12)
    assert found.first.startswith("train: metric auc was 0.80000")
    assert kinds(found) == ["seed"]


def test_an_item_of_a_mapped_task_is_executed_alone(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "@tv.task\ndef train(row: int) -> float:\n    return random.random() if row == 2 else 0.5\n",
        pipeline="@tv.pipeline\ndef flow(n: int = 4):\n    return train.map(load(n))\n",
    )
    found = reproduce_run(store, run_of(path, store).id)
    assert found.first.startswith("train[2]: ")
    assert [each.node for each in found.differences] == ["train[2]", "train"]
    assert found.differences[1].what == "1 of 4 items"
    assert kinds(found) == ["seed"]


def test_other_packages_and_other_input_content_are_told(store: Store, write: Callable[..., Path]) -> None:
    path = write(
        "flights = tv.Table('flights', watch='off')\n"
        "@tv.task\ndef train(rows: pl.DataFrame) -> float:\n    return random.random()\n",
        pipeline="@tv.pipeline\ndef flow():\n    return train(flights)\n",
    )
    commit_rows(store, TableSpec(name="flights"), pl.DataFrame({"a": [1]}))
    run = run_of(path, store)
    here = current_environment()
    other = make_environment(here.python, {**here.packages, "polars": "0.1"})
    read = tuple(replace(each, digest="0" * 64) for each in run.inputs)
    elsewhere = replace(run, id="elsewhere", environment=other.digest, inputs=read)
    store.catalog.runs.start(elsewhere, other)
    store.catalog.runs.finish("elsewhere", status="succeeded", at=store.clock())
    found = reproduce_run(store, "elsewhere")
    assert found.packages == {"polars": ("0.1", here.packages["polars"])}
    assert kinds(found)[:2] == ["packages", "input"]
    assert "polars 0.1 -> " in found.causes[0].text
    assert found.causes[1].text == "version 1 of table flights has other content"


def test_a_file_is_read_where_it_is_and_told_when_it_is_not_what_it_was(
    store: Store, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "@tv.task\ndef train(rows: list[int], file: Path) -> int: return len(file.read_text()) + len(rows)\n"
    with_file = "@tv.pipeline\ndef flow(file: Path): return train(load(4), file)\n"
    path, file = write(read, pipeline=with_file), store.settings.root / "rows.csv"
    monkeypatch.chdir(store.settings.root)
    file.write_text("few")
    run = run_of(path, store, file=Path("rows.csv"))
    same = reproduce_run(store, run.id)
    assert (same.same, same.notes) == (True, ())
    file.write_text("many")
    found = reproduce_run(store, run.id)
    assert (found.causes[0].kind, found.notes[0].partition(":")[0]) == ("input", "rows.csv holds something else by now")
    assert found.causes[0].text.startswith("its parameter file was rows.csv (")
    file.unlink()
    gone = reproduce_run(store, run.id)
    assert gone.notes == ("rows.csv is not there any more",)
    assert "No such file or directory: 'rows.csv'" in gone.error


def test_code_that_was_edited_while_the_process_ran_is_told(store: Store, write: Callable[..., Path]) -> None:
    path = write("@tv.task\ndef train(rows: list[int]) -> int: return 1\n")
    flow = import_file(path, path.parent).flow
    path.write_text(path.read_text().replace("return 1", "return 2"))
    found = reproduce_run(store, flow.run(store=store).id)
    assert found.first == "train: the value was 1, now 2"
    assert kinds(found)[0] == "code"
    assert "the code differs: train" in found.causes[0].text


def test_a_folder_is_there_with_all_that_is_in_it_though_one_of_its_files_was_given_before_it(
    store: Store, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "@tv.task\ndef count(given: list[Path]) -> int: return len(list(given[1].iterdir()))\n"
    path = write(read, pipeline="@tv.pipeline\ndef flow(): return count([Path('days/1'), Path('days')])\n")
    monkeypatch.chdir(store.settings.root)
    Path("days").mkdir()
    for name in "12":
        Path("days", name).write_text(name)
    found = reproduce_run(store, run_of(path, store).id)
    assert (found.same, found.notes) == (True, ())


def test_a_file_of_secrets_is_the_present_one_and_told(store: Store, write: Callable[..., Path]) -> None:
    (store.settings.root / "my_secrets.py").write_text("TOKEN = 'a'\n")
    path = write("import my_secrets\n@tv.task\ndef train(rows: list[int]) -> int: return len(rows)\n")
    run = run_of(path, store)
    found = reproduce_run(store, run.id)
    assert (found.same, found.notes) == (True, ("my_secrets.py is the present one: it was not kept",))
    (store.settings.root / "my_secrets.py").unlink()
    gone = reproduce_run(store, run.id)
    assert (gone.same, gone.again, gone.notes) == (False, "", ("my_secrets.py was not kept",))
    assert "No module named 'my_secrets'" in gone.error


def test_a_task_that_fails_in_isolation_is_the_first_difference(store: Store, write: Callable[..., Path]) -> None:
    path = write("@tv.task\ndef train(rows: list[int]) -> int: return len(Path('flow.py').read_text()) * 0\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(store.settings.root)
        run = run_of(path, store)
        found = reproduce_run(store, run.id)
    assert found.first == "train: was not made"
    assert "FileNotFoundError" in found.error
    assert store.catalog.runs.get_run(found.again).status == "failed"


def test_a_run_that_went_on_with_repaired_code_is_reproduced_with_that(
    store: Store, write: Callable[..., Path], module: Callable[..., ModuleType]
) -> None:
    path = write("@tv.task\ndef train(rows: list[int]) -> int: return 1 // 0\n")
    with pytest.raises(TaskFailed):
        run_of(path, store)
    path.write_text(path.read_text().replace("1 // 0", "1"))
    repaired = module(path.read_text()).flow
    (failed,) = store.catalog.runs.list_runs()
    run = resume_run(store, failed.id, pipeline=repaired)
    assert run.code != failed.code
    assert reproduce_run(store, run.id).same


def test_a_run_that_goes_on_cannot_be_reproduced(store: Store, write: Callable[..., Path]) -> None:
    run = run_of(write("@tv.task\ndef train(rows: list[int]) -> int: return 1\n"), store)
    store.catalog.runs.reopen(run.id, actor="ada")
    with pytest.raises(Misuse, match="is running; only what has ended can be reproduced"):
        reproduce_run(store, run.id)
