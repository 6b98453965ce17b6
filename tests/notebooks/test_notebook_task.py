"""Notebooks as tasks: run in a real kernel, with their executed copies as artifacts."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.processes import is_gone

from trivium.errors import Misuse, TaskFailed
from trivium.notebooks.executed import ExecutedNotebook
from trivium.notebooks.task import notebook
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.publish import publish_pipeline
from trivium.pipelines.published import published
from trivium.pipelines.registry import import_file
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.secrets import secret
from trivium.pipelines.task import task
from trivium.store.store import Store, use_store
from trivium.tables.table import Table

CELLS = ("n, label = 2, 'few'", "from doubling import double", "print(label, double(n))")


def write(file: Path, cells: Sequence[str], tagged: int | None = 0, **more: Any) -> None:
    """The cells as a notebook's file."""
    made = [
        {
            "cell_type": "code", "id": f"c{number}", "source": text, "outputs": more.get("outputs", []),
            "execution_count": more.get("count"), "metadata": {"tags": ["parameters"]} if number == tagged else {},
        }
        for number, text in enumerate(cells)
    ]  # fmt: skip
    made.insert(0, {"cell_type": "markdown", "id": "m", "source": more.get("prose", "# Explore"), "metadata": {}})
    metadata = {"kernelspec": {"language": "python", "name": "of-somebody-else", "display_name": "x"}}
    file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}))


@pytest.fixture
def file(store: Store) -> Path:
    """A notebook beside a module of the user's own."""
    place = store.settings.root / "explore.ipynb"
    write(place, CELLS)
    (place.parent / "doubling.py").write_text("def double(n):\n    return 2 * n\n")
    return place


@pipeline
def explored(n: int = 3) -> ExecutedNotebook:
    return notebook("explore.ipynb", n=n)


def test_the_executed_copy_is_the_result_with_the_parameters_put_in(store: Store, file: Path) -> None:
    run = explored.run(store=store)
    copy = load_result(store, run.id)
    assert isinstance(copy, ExecutedNotebook)
    assert copy.text == "few 6\n"
    assert [cell["source"] for cell in copy.cells] == ["# Explore", CELLS[0], "n = 3", *CELLS[1:]]
    assert copy.cells[2]["metadata"]["tags"] == ["injected-parameters"]
    assert "few 6" in store.catalog.runs.find_task(run.id, "explore").log  # type: ignore[union-attr]
    assert json.loads(file.read_text())["cells"][3]["outputs"] == []


def test_only_what_it_computes_from_makes_it_run_again(store: Store, file: Path) -> None:
    def executed() -> int:
        return explored.run(store=store).executed

    assert executed() == 1
    write(file, [f"{CELLS[0]}  # commented", *CELLS[1:]], prose="# Other words", count=7, outputs=[
        {"output_type": "stream", "name": "stdout", "text": "old"}
    ])  # fmt: skip
    assert executed() == 0
    (file.parent / "doubling.py").write_text("def double(n):\n    # said otherwise\n    return 2 * n\n")
    assert executed() == 0
    (file.parent / "doubling.py").write_text("def double(n):\n    return n + n\n")
    assert executed() == 1
    write(file, [*CELLS[:2], "print(double(n))"])
    assert executed() == 1
    assert explored.run(store=store, n=4).executed == 1


def test_frames_and_tables_come_as_what_is_stored_and_reads_are_on_record(store: Store) -> None:
    flights = Table("flights", watch="off")
    flights.overwrite(pl.DataFrame({"a": [1, 2]}), store=store)
    write(store.settings.root / "sums.ipynb", [
        "total = flights.collect()['a'].sum() + rows['a'].sum()",
        "import trivium as tv\ntv.log_metric('total', total)\nprint(total)",
    ], tagged=None)  # fmt: skip

    @task
    def made() -> pl.DataFrame:
        return pl.DataFrame({"a": [10]})

    @pipeline
    def summed() -> ExecutedNotebook:
        return notebook("sums.ipynb", flights=flights, rows=made())

    run = summed.run(store=store)
    assert load_result(store, run.id).text == "13\n"
    assert run.metrics == {"total": 13.0}
    again = summed.run(store=store)
    assert (again.cached, again.metrics) == (2, {"total": 13.0})
    flights.overwrite(pl.DataFrame({"a": [5]}), store=store)
    assert load_result(store, summed.run(store=store).id).text == "15\n"


def test_one_that_reads_tables_by_itself_is_never_reused_and_its_reads_are_on_record(store: Store) -> None:
    Table("flights", watch="off").overwrite(pl.DataFrame({"a": [1, 2]}), store=store)
    write(store.settings.root / "reads.ipynb", [
        "import trivium as tv", "print(tv.Table('flights').read().collect().height)",
    ], tagged=None)  # fmt: skip

    @pipeline
    def reading() -> ExecutedNotebook:
        return notebook("reads.ipynb")

    for _ in range(2):
        run = reading.run(store=store)
        assert (run.executed, load_result(store, run.id).text) == (1, "2\n")
        reads = store.catalog.lineage.reads_of(run.id)
        assert [(each.node, each.name, each.version) for each in reads] == [("reads", "flights", 1)]


def test_a_cell_that_raises_is_named_and_the_copy_up_to_there_is_kept(store: Store) -> None:
    write(store.settings.root / "broken.ipynb", ["print('so far')", "1 / 0", "print('never')"], tagged=None)

    @pipeline
    def breaking() -> ExecutedNotebook:
        return notebook("broken.ipynb")

    with pytest.raises(TaskFailed, match=r"broken.ipynb, cell 3: ZeroDivisionError: division by zero"):
        breaking.run(store=store)
    (run,) = store.catalog.runs.list_runs()
    assert run.status == "failed"
    assert "----> 1 1 / 0" in store.catalog.runs.find_task(run.id, "broken").log  # type: ignore[union-attr]
    assert load_output(store, run.id, "broken").text == "so far\nZeroDivisionError: division by zero\n"


def test_outside_of_a_pipeline_it_just_runs(store: Store, file: Path) -> None:
    with use_store(store):
        assert notebook("explore.ipynb", n=5).text == "few 10\n"
    assert store.catalog.runs.list_runs() == []


def test_what_cannot_be_right_is_refused_before_anything_runs(store: Store, file: Path) -> None:
    def refuse(words: str, **parameters: Any) -> None:
        with pytest.raises(Misuse, match=words):
            pipeline(name="refused")(lambda: notebook(parameters.pop("file", file), **parameters)).run(store=store)

    refuse("There is no notebook", file="absent.ipynb")
    refuse("explore.ipynb has no parameter 'm'; its cell tagged 'parameters' has: n, label", m=1)
    refuse("is a secret, which its copy would show", n=secret("TOKEN"))
    assert store.catalog.runs.list_runs() == []


FLOW = """
import trivium as tv

@tv.pipeline
def flow(n: int = 3):
    return tv.notebook("reports/explore.ipynb", n=n)
"""


def test_a_reproduction_runs_the_notebook_of_then_with_its_modules(store: Store) -> None:
    root = store.settings.root
    (root / "reports").mkdir()
    outputs = [{"output_type": "stream", "name": "stdout", "text": "of the last time\n"}]
    write(root / "reports" / "explore.ipynb", CELLS, outputs=outputs, count=4)
    (root / "reports" / "doubling.py").write_text("from tables import twice\n\ndef double(n):\n    return twice(n)\n")
    (root / "tables.py").write_text("def twice(n):\n    return 2 * n\n")
    (root / "flow.py").write_text(FLOW)
    with use_store(store):
        run = import_file(root / "flow.py", root).flow.run(store=store)
    write(root / "reports" / "explore.ipynb", [*CELLS[:2], "print('another one')"])
    (root / "reports" / "doubling.py").unlink()
    (root / "tables.py").write_text("twice = None\n")
    found = reproduce_run(store, run.id)
    assert found.same, found
    assert found.notes == ()
    assert load_result(store, found.again).text == load_result(store, run.id).text == "few 6\n"
    with zipfile.ZipFile(io.BytesIO(store.blobs.get(run.code.kept))) as kept:
        assert {"reports/explore.ipynb", "reports/doubling.py", "tables.py", "flow.py"} <= set(kept.namelist())
        assert b"of the last time" not in kept.read("reports/explore.ipynb")


@pytest.mark.parametrize("in_a_loop", [False, True])
def test_a_time_out_ends_the_kernel_and_all_that_it_started(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, in_a_loop: bool
) -> None:
    file = tmp_path / "pids"
    rings = f"""
import os, pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
pathlib.Path({str(file)!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
os.kill(os.getppid(), signal.SIGALRM)  # as when its time is over
time.sleep(300)
"""
    write(store.settings.root / "slow.ipynb", [rings], tagged=None)

    @pipeline
    def slowly() -> ExecutedNotebook:
        return notebook.using(timeout=600)("slow.ipynb")

    async def as_in_a_notebook() -> None:
        slowly.run(store=store)

    with pytest.raises(TaskFailed, match="TimeoutError: it took longer than its timeout of 600 s"):
        asyncio.run(as_in_a_notebook()) if in_a_loop else slowly.run(store=store)
    assert all(is_gone(int(pid)) for pid in file.read_text().split())
    assert "unhandled exception" not in caplog.text


def test_what_a_cell_prints_is_in_the_log_while_it_runs(store: Store, tmp_path: Path) -> None:
    waits = f"""
import pathlib, time
print("half")
over = time.monotonic() + 90
while not pathlib.Path({str(tmp_path / "go")!r}).exists():
    assert time.monotonic() < over, "nobody saw what was printed"
    time.sleep(0.05)
"""
    write(store.settings.root / "talks.ipynb", [waits], tagged=None)
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(0.05):
            if any("half" in log.read_text() for log in store.settings.state.glob("logs/*/talks.log")):
                (tmp_path / "go").touch()

    @pipeline
    def talking() -> ExecutedNotebook:
        return notebook("talks.ipynb")

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        run = talking.run(store=store, on="local")
    finally:
        ended.set()
        follower.join()
    assert load_result(store, run.id).text == "half\n"


def test_the_options_of_its_task_are_no_parameters_of_the_notebook(store: Store, tmp_path: Path) -> None:
    fails_once = f"""
import pathlib
mark = pathlib.Path({str(tmp_path / "mark")!r})
if not mark.exists():
    mark.touch()
    raise OSError("the first time")
"""
    cells = ["retries = 0", fails_once, "print(retries)"]
    write(store.settings.root / "flaky.ipynb", cells)

    @pipeline
    def tried() -> ExecutedNotebook:
        return notebook.using(retries=1, backoff=0, name="patient")("flaky.ipynb", retries=7)

    run = tried.run(store=store)
    assert load_result(store, run.id).text == "7\n"
    (done,) = store.catalog.runs.list_tasks(run.id)
    assert done.node == "patient"
    (failed,) = done.attempts
    assert failed.error.startswith("NotebookFailed: flaky.ipynb, cell 3: OSError: the first time")


@pytest.mark.parametrize(
    ("option", "words"), [("workers", "has no option 'workers'"), ("timeout", "cannot be negative")]
)
def test_an_option_that_cannot_be_meant_is_refused(option: str, words: str) -> None:
    with pytest.raises(Misuse, match=words):
        notebook.using(**{option: -1})


def test_a_notebook_runs_where_an_event_loop_is_running(store: Store, file: Path) -> None:
    async def asked() -> str:
        return notebook("explore.ipynb", n=5).text

    with use_store(store):
        assert asyncio.run(asked()) == "few 10\n"


def test_a_published_pipeline_has_its_notebook_with_it(store: Store, tmp_path: Path) -> None:
    root = store.settings.root
    write(root / "explore.ipynb", CELLS)
    (root / "doubling.py").write_text("def double(n):\n    return 2 * n\n")
    (root / "noted.py").write_text(FLOW.replace("reports/", "").replace("flow", "noted"))
    with use_store(store):
        publish_pipeline(store, import_file(root / "noted.py", root).noted)
        (root / "explore.ipynb").unlink()
        assert published("noted", version=1)(n=4).text == "few 8\n"
