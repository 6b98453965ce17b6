"""Notebooks as tasks: run in a real kernel, with their executed copies as artifacts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trivium.errors import Misuse, TaskFailed
from trivium.notebooks.executed import ExecutedNotebook
from trivium.notebooks.task import notebook
from trivium.pipelines.pipeline import pipeline
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
