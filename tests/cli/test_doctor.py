"""`trivium doctor`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
