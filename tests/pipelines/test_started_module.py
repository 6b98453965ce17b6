"""A program that is started by `python -m`: its types are those of the module that everybody else imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trivium.pipelines.results import load_result
from trivium.store.store import connect

PROGRAM = """
from dataclasses import dataclass
import trivium as tv

@dataclass
class Point:
    x: int

@tv.task
def made() -> Point:
    return Point(6)

@tv.task
def moved(point: Point) -> Point:
    assert isinstance(point, Point)
    return Point(point.x + 1)

@tv.pipeline
def whole():
    return moved(made())

if __name__ == "__main__":
    run = whole.run()
    print(run.id, run.executed, tv.read_output(run) == Point(7))
"""


def test_what_it_made_is_reused_by_any_executor_and_read_by_any_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "started_program.py").write_text(PROGRAM)
    (tmp_path / "trivium.toml").write_text("")
    told = []
    for executor in ("inline", "local", "inline"):
        environ = {**os.environ, "TRIVIUM_EXECUTOR": executor}
        words = [sys.executable, "-m", "started_program"]
        done = subprocess.run(words, cwd=tmp_path, env=environ, text=True, capture_output=True, check=True)
        told.append(done.stdout.split())
    assert [each[1:] for each in told] == [["2", "True"], ["0", "True"], ["0", "True"]]
    monkeypatch.syspath_prepend(str(tmp_path))
    with connect(tmp_path) as store:
        made = load_result(store, told[0][0])
    assert (type(made).__module__, made.x) == ("started_program", 7)
