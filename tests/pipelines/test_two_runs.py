"""Two processes that run one pipeline at the same moment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.processes import wait_until

from trivium.errors import RunGoing
from trivium.pipelines.registry import import_file
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store, connect
from trivium.tables.read import read_version

SCRIPT = """
import os, random, sys, time
from pathlib import Path
import polars as pl
import trivium as tv

days = tv.Table("days", time="day", watch="off")

def meet(place: str) -> None:
    "Goes on when both are here."
    Path(f"{place}.{os.environ['WHO']}").touch()
    over = time.monotonic() + 60
    while len(list(Path().glob(f"{place}.*"))) < 2:
        assert time.monotonic() < over
        time.sleep(0.001)

@tv.task
def drawn(n: int) -> list[float]:
    meet("drawn")
    return [random.random() for _ in range(n)]

@tv.task
def total(numbers: list[float]) -> float:
    meet("total")
    return sum(numbers)

@tv.pipeline
def sums(n: int = 2000):
    return total(drawn(n))

@tv.task(commits=days)
def made(day: tv.Partition) -> pl.DataFrame:
    meet(f"made {day}")
    return pl.DataFrame({"day": [day.start.date()] * 1000, "who": [os.environ["WHO"]] * 1000})

@tv.task
def counted(rows: pl.DataFrame) -> int:
    return rows.height

@tv.pipeline
def table():
    return counted(made())

@tv.task
def only(n: int = 1) -> int:
    with Path("calls").open("a") as file:
        file.write("only ")
    while not Path("go on").exists():
        time.sleep(0.02)
    return n

@tv.pipeline
def waiting():
    return only()

@tv.pipeline
def keyed():
    return only()

if __name__ == "__main__":
    if sys.argv[1] == "sums":
        sums.run()
    elif sys.argv[1] == "keyed":
        meet("start")
        try:
            keyed.run(key="nightly")
        finally:
            Path("go on").touch()
    elif sys.argv[1] == "waiting":
        waiting.run()
    else:
        table.run(partitions="2024-05-01..2024-05-08")
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "trivium.toml").write_text("")
    (tmp_path / "two.py").write_text(SCRIPT)
    with connect(tmp_path, actor="ada") as store:
        yield store


def run_twice(store: Store, name: str) -> list[str]:
    """Both have succeeded, or said why not, which is returned."""
    environ = {**os.environ, "TRIVIUM_EXECUTOR": "local"}
    going = [
        subprocess.Popen(
            [sys.executable, "two.py", name], cwd=store.settings.root, text=True, stderr=subprocess.PIPE,
            env={**environ, "WHO": who},
        )
        for who in ("ada", "bob")
    ]  # fmt: skip
    told = [each.communicate(timeout=120)[1] for each in going]
    return [said for each, said in zip(going, told, strict=True) if each.returncode]


def test_both_runs_end_right_and_each_has_what_it_made_itself(project: Store) -> None:
    assert run_twice(project, "sums") == []
    runs = project.catalog.runs.list_runs()
    assert [(run.status, run.executed) for run in runs] == [("succeeded", 2)] * 2
    drawn = [load_output(project, run.id, "drawn") for run in runs]
    assert drawn[0] != drawn[1]
    assert [load_result(project, run.id) for run in runs] == [sum(numbers) for numbers in drawn]
    keys = [[task.key for task in project.catalog.runs.list_tasks(run.id)] for run in runs]
    assert keys[0][0] == keys[1][0]


def test_partitions_that_two_runs_make_at_once_are_those_of_one_and_both_succeed(project: Store) -> None:
    assert run_twice(project, "table") == []
    runs = project.catalog.runs.list_runs()
    assert [(run.status, load_result(project, run.id)) for run in runs] == [("succeeded", 8000)] * 2
    for run in runs:
        made = [task for task in project.catalog.runs.list_tasks(run.id) if task.node.startswith("made[")]
        assert [task.status for task in made] == ["executed"] * 8
        rows = [load_output(project, run.id, task.node) for task in made]
        assert {frame["who"].n_unique() for frame in rows} == {1}
        assert len({frame["who"][0] for frame in rows}) == 1
    found = read_version(project, "days").collect()
    assert found.height == 8000
    assert found.group_by("day").n_unique()["who"].to_list() == [1] * 8


def test_of_two_that_run_under_one_key_at_once_one_does_the_work_and_the_other_says_who(project: Store) -> None:
    (said,) = run_twice(project, "keyed")
    assert re.search(r"RunGoing: Run 'nightly' is going on in process \d+ on .*trivium runs logs RUN -f", said)
    (run,) = project.catalog.runs.list_runs()
    assert run.status == "succeeded"
    assert (project.settings.root / "calls").read_text() == "only "
    assert not list((project.settings.state / "going").iterdir())


def test_a_run_that_is_going_on_is_not_resumed_beside_itself_and_is_when_its_process_is_gone(project: Store) -> None:
    root = project.settings.root
    environ = {**os.environ, "TRIVIUM_EXECUTOR": "inline", "WHO": "ada"}
    going = subprocess.Popen([sys.executable, "two.py", "waiting"], cwd=root, env=environ)
    wait_until((root / "calls").exists)
    (run,) = project.catalog.runs.list_runs()
    with pytest.raises(RunGoing, match=f"Run '{run.id}' is going on in process {going.pid} on "):
        resume_run(project, run.id, pipeline=import_file(root / "two.py", root).waiting)
    assert project.catalog.runs.get_run(run.id).status == "running"
    going.kill()
    going.wait()
    (root / "go on").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        done = resume_run(project, run.id, pipeline=import_file(root / "two.py", root).waiting)
    assert done.status == "succeeded"
    assert (root / "calls").read_text() == "only only "
