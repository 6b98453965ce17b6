"""`trivium doctor`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Terminal = Callable[..., Any]


def test_a_sound_project_is_fine(terminal: Terminal, project: Path) -> None:
    said = terminal("doctor", "--json")
    assert said.status == 0
    assert all(finding["fine"] for finding in said.json)
    (pipelines,) = [finding for finding in said.json if finding["what"] == "pipelines"]
    assert pipelines["detail"] == "sums"


def test_a_pipeline_file_that_fails_to_import_is_found(terminal: Terminal, project: Path) -> None:
    (project / "pipeline.py").write_text("import trivium\nraise RuntimeError('no such luck')\n")
    said = terminal("doctor", "--json")
    assert said.status == 1
    (wrong,) = [finding for finding in said.json if not finding["fine"]]
    assert (wrong["what"], "no such luck" in wrong["detail"], "line 2" in wrong["detail"]) == ("pipelines", True, True)


def test_an_executor_that_does_not_answer_is_found(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "ray:127.0.0.1:1")
    said = terminal("doctor", "--json")
    assert said.status == 1
    (wrong,) = [finding for finding in said.json if not finding["fine"]]
    assert wrong["what"] == "executor"
    assert "No Ray answers at 127.0.0.1:1" in wrong["detail"]
