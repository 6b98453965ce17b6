"""What the start of a run and of its workers loads: the time that it takes is, for the most part, the time of that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trivium.pipelines.executors import idle_workers
from trivium.pipelines.executors.process_tree import marked
from trivium.pipelines.registry import import_file

UNUSED = {
    "asyncio", "bz2", "cloudpickle", "concurrent.futures", "csv", "difflib", "duckdb", "email", "html", "http",
    "importlib.metadata", "importlib.resources", "json", "logging", "lzma", "multiprocessing", "numpy", "polars",
    "pyarrow", "random", "shutil", "ssl", "subprocess", "tempfile", "tomllib", "zipfile", "trivium.models",
    "trivium.tracking", "trivium.pipelines.engine", "trivium.pipelines.execution", "trivium.pipelines.executors.local",
    "trivium.pipelines.kept_code", "trivium.pipelines.plan", "trivium.pipelines.ports", "trivium.pipelines.spark.bare",
    "trivium.pipelines.spark.room", "trivium.store.catalog.sql.alerts", "trivium.store.catalog.sql.lineage",
    "trivium.store.catalog.sql.models", "trivium.store.catalog.sql.runs", "trivium.store.catalog.sql.tables",
    "trivium.store.object_storage", "trivium.store.online_table", "trivium.tables.at",
}  # fmt: skip
OF_THE_RUN = {
    "asyncio", "concurrent.futures", "duckdb", "email", "html", "http", "importlib.metadata", "multiprocessing",
    "numpy", "polars", "pyarrow", "ssl", "tomllib", "trivium.models", "trivium.pipelines.environments.build",
    "trivium.pipelines.environments.resolve", "trivium.pipelines.plan", "trivium.pipelines.spark.room",
    "trivium.store.catalog.sql.alerts", "trivium.store.catalog.sql.models", "trivium.store.catalog.sql.tables",
    "trivium.store.object_storage", "trivium.store.online_table", "trivium.tables.at",
}  # fmt: skip
SCRIPT = """
import sys
import trivium as tv

@tv.task
def loaded(before: list[str]) -> list[str]:
    return sorted(sys.modules)

@tv.pipeline
def two() -> list[str]:
    return loaded(loaded([]))

if __name__ == "__main__":
    done = two.run()
    here = sorted(sys.modules)
    from trivium.pipelines.results import load_result
    print(*load_result(tv.current_store(), done.id))
    print(*here)
"""


def test_a_worker_and_a_run_load_only_what_a_plain_task_needs(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(SCRIPT)
    variables = {**os.environ, "TRIVIUM_ROOT": str(tmp_path), "TRIVIUM_EXECUTOR": "local"}
    done = subprocess.run(
        [sys.executable, "plain.py"], cwd=tmp_path, env=variables, check=True, capture_output=True, text=True
    )
    in_worker, in_run = ({*line.split()} for line in done.stdout.splitlines())
    assert in_worker & UNUSED == set()
    assert in_run & OF_THE_RUN == set()
    assert "trivium.pipelines.executors.worker" in in_worker - in_run


def test_declaring_tasks_and_pipelines_loads_nothing_that_runs_them() -> None:
    script = "import sys, trivium as tv; tv.task; tv.pipeline; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert {*done.stdout.split()} & {*UNUSED, "trivium.pipelines.executors.worker_process"} == set()


@pytest.fixture
def new_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder is in a project of which nothing was ever stored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVIUM_ROOT", str(tmp_path))
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    idle_workers.end_idle()
    yield tmp_path
    idle_workers.end_idle()


def test_the_first_run_of_a_project_uses_the_worker_that_was_started_before_anything_is_drawn(
    new_project: Path,
) -> None:
    (new_project / "wrong.py").write_text(SCRIPT.replace("return loaded(loaded([]))", "raise ValueError('in vain')"))
    with pytest.raises(ValueError, match="in vain"):
        import_file(new_project / "wrong.py", new_project).two.run()
    (worker,) = idle_workers.idle
    assert not worker.used
    (new_project / "right.py").write_text(SCRIPT)
    assert import_file(new_project / "right.py", new_project).two.run().executed == 2
    assert idle_workers.idle == [worker]
    assert worker.used


def test_a_worker_that_was_started_in_vain_ends_with_the_process(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(SCRIPT.replace("return loaded(loaded([]))", "raise ValueError('in vain')"))
    variables = {**os.environ, "TRIVIUM_ROOT": str(tmp_path), "TRIVIUM_EXECUTOR": "local"}
    done = subprocess.run(
        [sys.executable, "wrong.py"], cwd=tmp_path, env=variables, check=False, capture_output=True, text=True
    )
    assert "in vain" in done.stderr
    assert list(marked(str(tmp_path), "TRIVIUM_ROOT")) == []
