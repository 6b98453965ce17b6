"""Tasks that are defined in cells, as IPython runs them: `__main__` without a file, texts kept by linecache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What IPython does with a cell; printed is what the last run of the pipeline `flow` executed and reused.
SESSION = """
import json, linecache, sys
NAMES, CELLS = sys.argv[1], json.loads(sys.argv[2])
In, seen = [""], []
for number, text in enumerate(CELLS):
    file = NAMES.format(number)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    In.append(text)
    exec(compile(text, file, "exec"), globals())
    if "run = " in text:
        seen.append([run.executed, run.cached])
print(json.dumps(seen))
"""
START = "import trivium as tv\nfrom dataclasses import dataclass\nRATE = 2"
POINT = "@dataclass\nclass Point:\n    x: int"
HELPER = "def scaled(n):\n    return n * RATE"
FIRST = "@tv.task\ndef first(n: int) -> Point:\n    return Point(scaled(n))"
SECOND = "@tv.task\ndef second(point: Point) -> int:\n    return point.x + 1"
FLOW = "@tv.pipeline\ndef flow(n: int = 3):\n    return second(first(n))"
RUN = "run = flow.run()"


def executed_and_cached(folder: Path, executor: str, names: str, cells: list[str]) -> list[list[int]]:
    (folder / "trivium.toml").touch()
    environ = {**os.environ, "TRIVIUM_EXECUTOR": executor, "TRIVIUM_DURABILITY": "fast"}
    done = subprocess.run(
        [sys.executable, "-c", SESSION, names, json.dumps(cells)],
        cwd=folder, env=environ, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[list[int]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("names", ["<ipython-input-{}-3f2a>", "/tmp/ipykernel_7/{}.py"])
@pytest.mark.parametrize("executor", ["inline", "local"])
def test_an_edited_cell_reruns_only_what_it_changes(tmp_path: Path, executor: str, names: str) -> None:
    edits = {
        "nothing": RUN,
        "a comment": SECOND.replace("    return", "    # one more\n    return"),
        "the last task": SECOND.replace("+ 1", "+ 2"),
        "a helper of the first, with the same result": HELPER.replace("n * RATE", "RATE * n"),
        "a constant": "RATE = 5",
        "back to the first constant": "RATE = 2",
        "a cell that no task needs": "frame = [1, 2]\ndef look(): return frame",
    }
    cells = [START, POINT, HELPER, FIRST, SECOND, FLOW, RUN]
    for each in edits.values():
        cells += [each] if each == RUN else [each, RUN]
    seen = executed_and_cached(tmp_path, executor, names, cells)
    assert seen[0] == [2, 0]
    assert dict(zip(edits, seen[1:], strict=True)) == {
        "nothing": [0, 2],
        "a comment": [0, 2],
        "the last task": [1, 1],
        "a helper of the first, with the same result": [1, 1],
        "a constant": [2, 0],
        "back to the first constant": [0, 2],
        "a cell that no task needs": [0, 2],
    }


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_new_session_with_the_same_cells_reruns_nothing(tmp_path: Path, executor: str) -> None:
    cells = [START, POINT, HELPER, FIRST, SECOND, FLOW, RUN]
    assert executed_and_cached(tmp_path, executor, "/tmp/ipykernel_7/{}.py", cells) == [[2, 0]]
    assert executed_and_cached(tmp_path, executor, "/tmp/ipykernel_8/a{}.py", [START, "print()", *cells]) == [[0, 2]]
