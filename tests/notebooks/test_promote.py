from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.notebooks.conftest import Notebook, code

from trivium.errors import HiddenState, Misuse
from trivium.notebooks.promote import promote
from trivium.pipelines.registry import import_file
from trivium.store.store import connect

IMPORTS = """
%matplotlib inline
!pip install polars==1.0
import trivium as tv, json
import polars as pl
from math import sqrt, pi
"""
DEFINITIONS = """
RATES = {"a": 1.0}
RATES["b"] = 2.0
# How much of everything.
SHARE = 0.5

@tv.task
def double(n: int) -> float:
    # the root, not the square
    return sqrt(n) * SHARE * RATES["b"]

@tv.pipeline
def flow(n: int = 4) -> float:
    return double(n)
"""
MODULE = '''"""Flights

What we found.
"""

from math import sqrt

import trivium as tv

# How much of everything.
SHARE = 0.5


RATES = {"a": 1.0}
RATES["b"] = 2.0


# The step
@tv.task
def double(n: int) -> float:
    # the root, not the square
    return sqrt(n) * SHARE * RATES["b"]


@tv.pipeline
def flow(n: int = 4) -> float:
    return double(n)
'''


def test_a_module_has_what_is_declared_and_what_it_needs_and_the_rest_is_listed(
    notebook: Notebook, tmp_path: Path
) -> None:
    cells = ("# Flights\n\nWhat we found.", IMPORTS, "# The step", DEFINITIONS)
    done = promote(notebook(*cells, "frame = pl.DataFrame({'n': [1]})\nframe.head()", "flow(4)\nrun = 7"), tmp_path)
    assert (tmp_path / "explore.py").read_text() == MODULE
    assert done.pipelines == {"flow": "1 tasks"}
    assert done.left_out == (
        ("cell 5 (In [3]), line 1", "frame = pl.DataFrame({'n': [1]})"),
        ("cell 5 (In [3]), line 2", "frame.head()"),
        ("cell 6 (In [4]), line 1", "flow(4)"),
        ("cell 6 (In [4]), line 2", "run = 7"),
    )
    assert done.dropped_imports == ("json", "math.pi", "polars")
    assert done.notes == (
        "cell 2 (In [1]), line 1: %matplotlib inline left out",
        "cell 2 (In [1]), line 2: installs polars==1.0: name it among the project's requirements",
    )


def test_the_module_runs_and_its_test_passes(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "trivium.toml").write_text('pipelines = ["explore.py"]\n')
    promote(notebook(IMPORTS, DEFINITIONS), tmp_path)
    with connect(tmp_path, actor="ada", durability="fast"):
        flow = import_file(tmp_path / "explore.py", tmp_path).flow
        assert flow.run().status == "succeeded"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "tests/test_explore.py"],
        cwd=tmp_path, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_parameter_without_default_has_to_be_given_before_the_test_runs(notebook: Notebook, tmp_path: Path) -> None:
    done = promote(
        notebook("import trivium as tv", "@tv.pipeline\ndef flow(n: int, *, m: int = 1): return n"), tmp_path
    )
    assert done.pipelines == {"flow": "not drawn: it needs n"}
    assert '@pytest.mark.skip(reason="say what flow is given as n")' in (tmp_path / "tests/test_explore.py").read_text()


def test_without_a_pipeline_the_tasks_are_tested(notebook: Notebook, tmp_path: Path) -> None:
    promote(notebook("from trivium import task", "@task\ndef one() -> int:\n    return 1"), tmp_path)
    assert "    assert one() is not None" in (tmp_path / "tests/test_explore.py").read_text()


def test_a_test_that_is_there_stays_and_a_module_that_is_there_is_not_overwritten(
    notebook: Notebook, tmp_path: Path
) -> None:
    file = notebook(IMPORTS, DEFINITIONS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_explore.py").write_text("# mine\n")
    assert promote(file, tmp_path).test is None
    assert promote(file, tmp_path).module == str(tmp_path / "explore.py")
    (tmp_path / "explore.py").write_text("# mine\n")
    with pytest.raises(Misuse, match="is there already, with other content"):
        promote(file, tmp_path)
    assert promote(file, tmp_path, tmp_path / "parts" / "flows.py").test == str(tmp_path / "tests/test_flows.py")
    assert "from parts.flows import flow" in (tmp_path / "tests/test_flows.py").read_text()


TASK = "import trivium as tv\n\n@tv.task\ndef step(n: int):\n    return n"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([code(TASK, 2), code("x = 1", 1)], "cell 2 (In [1]) ran before cell 1 (In [2]), which stands above it"),
        ([code(TASK, 1), code("x = 1", 1)], "cell 2 (In [1]) ran before cell 1 (In [1]), which stands above it"),
        ([code(TASK, outputs=1)], "cell 1 has an output and no count, so nobody knows when it ran"),
        ([code(TASK, 1), code("x = 1")], "cell 2 never ran, and others did"),
        ([TASK, "y = 1\nx.head()"], "cell 2 (In [2]), line 2: `x` is not defined in the cells above"),
        ([TASK + " * rate", "rate = 2"],
         "cell 1 (In [1]), line 5: `rate` is not defined in the cells above, but below, in cell 2 (In [2])"),
        ([TASK, "x = 1\ndel x", "print(x)"], "cell 3 (In [3]), line 1: `x` is not defined in the cells above"),
        ([TASK, "x = [y for _ in range(3)]\ny = 1"], "cell 2 (In [2]), line 1: `y` is not defined"),
        ([TASK, "class A:\n    one = 1\n    all = [one for _ in (1, 2)]"], "line 3: `one` is not defined"),
        ([TASK, "print(_)"], "cell 2 (In [2]), line 1: `_` is not defined in the cells above"),
        ([TASK + "\n\ndef look(): display(1)\n\n@tv.task\ndef b(): look()"],
         "cell 1 (In [1]), line 7: `display` is there in a notebook only"),
        ([TASK, "rate = 1", "rate = 2", "@tv.task\ndef other(): return rate"],
         "cell 3 (In [3]), line 1: `rate` is defined again, and otherwise than in cell 2 (In [2]), line 1"),
        ([TASK, "from math import *"], "`from math import *` does not say which names it gives"),
        ([TASK, "%run other.ipynb"], "cell 2 (In [2]), line 1: `%run other.ipynb` does something that only IPython"),
        ([TASK, "!rm -r data"], "`!rm -r data` does something that only IPython can"),
        ([TASK, "!cat a > b"], "`!cat a > b` does something that only IPython can"),
        ([TASK, "files = !ls"], "`files = !ls` takes a value from outside of Python"),
        ([TASK, "%%bash\nls"], "`%%bash` does something that only IPython can"),
        ([TASK, "def broken("], "cell 2 (In [2]), line 1: not Python: '(' was never closed"),
        ([TASK, "@tv.pipeline\ndef flow(): return step(1)", "run = flow.run()", "@tv.task\ndef b(): return run.id"],
         "cell 3 (In [3]), line 1: `run` is what a run of flow gave"),
    ],
)  # fmt: skip
def test_hidden_state_is_refused_by_name_and_nothing_is_written(
    cells: list[Any], reason: str, notebook: Notebook, tmp_path: Path
) -> None:
    with pytest.raises(HiddenState) as refused:
        promote(notebook(*cells), tmp_path)
    assert reason in str(refused.value)
    assert [each.name for each in tmp_path.iterdir()] == ["explore.ipynb"]


@pytest.mark.parametrize(
    "cells",
    [
        [code(TASK), code("x = 1")],  # outputs were cleared: nothing is known about the order
        [TASK, "x = 1", "x = 2\nprint(x)"],  # only explored with
        [TASK, "import math", "import math"],
        [TASK, "class Rate:\n    one = 1\n    two = one + 1\n    def get(self): return self.one"],
        [TASK, "for i in range(3): print(i)\nprint([i for i in range(2)], lambda z: z)"],
        [TASK, "try:\n    import json\nexcept ImportError as error:\n    print(error)"],
        [TASK, "display(step(1))\n%timeit step(1)\nstep?\n%time r = step(2)\nprint(r)"],
        [TASK, "def outer():\n    def inner(): return k\n    k = 1\n    return inner, later\nlater = 2"],
        ["from __future__ import annotations\n" + TASK, "def f(x: Late) -> None: ...\nclass Late: ..."],
    ],
)
def test_what_is_told_in_order_is_not_refused(cells: list[Any], notebook: Notebook, tmp_path: Path) -> None:
    assert promote(notebook(*cells), tmp_path).tasks == ("step",)


def test_names_in_quoted_annotations_are_kept(notebook: Notebook, tmp_path: Path) -> None:
    promote(
        notebook("import trivium as tv\nimport polars as pl", '@tv.task\ndef f(x: "pl.DataFrame"): return x'), tmp_path
    )
    assert "import polars as pl" in (tmp_path / "explore.py").read_text()


def test_a_module_that_does_not_work_by_itself_is_not_written(notebook: Notebook, tmp_path: Path) -> None:
    file = notebook("import trivium as tv\nimport no_such_module_1", "@tv.task\ndef f(): return no_such_module_1.x")
    with pytest.raises(Misuse, match=r"not written: .*No module named 'no_such_module_1'"):
        promote(file, tmp_path)
    assert not (tmp_path / "explore.py").exists()


def test_what_is_no_notebook_or_declares_nothing_is_told(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "text.ipynb").write_text("[]")
    with pytest.raises(Misuse, match=r"text\.ipynb is no notebook of nbformat 4"):
        promote(tmp_path / "text.ipynb", tmp_path)
    with pytest.raises(Misuse, match=r"There is no notebook"):
        promote(tmp_path / "absent.ipynb", tmp_path)
    with pytest.raises(Misuse, match=r"has neither a task nor a pipeline"):
        promote(notebook("x = 1"), tmp_path)


def test_tables_and_triggers_are_declarations(notebook: Notebook, tmp_path: Path) -> None:
    tables = 'flights = tv.Table("flights", key="id")'
    task = "@tv.task\ndef count(rows: pl.DataFrame) -> int: return rows.height"
    flow = f"{task}\n\n@tv.pipeline\ndef flow(): return count(flights)"
    file = notebook("import trivium as tv, polars as pl", tables, flow, "tv.on(flights.committed).run(flow)", "flow")
    done = promote(file, tmp_path)
    text = (tmp_path / "explore.py").read_text()
    assert text.index(tables) < text.index("def count") < text.index("tv.on(flights.committed).run(flow)")
    assert done.pipelines == {"flow": "1 tasks, reads flights"}
    assert [text for _, text in done.left_out] == ["flow"]
