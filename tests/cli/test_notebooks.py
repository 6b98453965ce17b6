from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Terminal

TASK = """
import trivium as tv
@tv.task
def one() -> int:
    return 1
@tv.pipeline
def flow() -> int:
    return one()
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    cells = [TASK, "flow()", "import json"]
    found = [
        {"cell_type": "code", "source": text, "execution_count": at, "outputs": [], "metadata": {}}
        for at, text in enumerate(cells, 1)
    ]
    (tmp_path / "explore.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": found}))
    (tmp_path / "trivium.toml").write_text('pipelines = ["explore.py"]\n')
    return tmp_path / "explore.ipynb"


def test_a_promoted_notebook_is_told_and_its_pipeline_runs(terminal: Terminal, notebook: Path) -> None:
    said = terminal("notebooks", "promote", "explore.ipynb")
    assert (said.status, said.err) == (0, "")
    assert "explore.py is written. A process of its own imported it and drew its pipelines:" in said.out
    assert "flow: 1 tasks" in said.out
    assert "cell 2 (In [2]), line 1: flow()" in said.out
    assert "pipelines" not in said.out.splitlines()[-1]
    assert terminal("run", "flow").status == 0


def test_a_module_that_the_project_does_not_name_is_told_so(terminal: Terminal, notebook: Path) -> None:
    said = terminal("notebooks", "promote", "explore.ipynb", "--to", "other.py")
    assert "`pipelines` in trivium.toml names its file" in said.out


def test_json_has_the_same(terminal: Terminal, notebook: Path) -> None:
    said = terminal("notebooks", "promote", "explore.ipynb", "--to", "other.py", "--json").json
    assert (said["module"], said["tasks"], said["dropped_imports"]) == ("other.py", ["one"], ["json"])


def test_hidden_state_is_misuse(terminal: Terminal, notebook: Path) -> None:
    notebook.write_text(notebook.read_text().replace('"import json"', '"print(seen)"'))
    said = terminal("notebooks", "promote", "explore.ipynb")
    assert said.status == 2
    assert "cell 3 (In [3]), line 1: `seen` is not defined in the cells above" in said.err
    assert not notebook.with_suffix(".py").exists()
