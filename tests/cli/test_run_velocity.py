"""`trivium runs velocity`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivium.cli.run_velocity import length

Terminal = Callable[..., Any]


def test_a_project_without_runs_says_what_makes_one(terminal: Terminal, project: Path) -> None:
    assert "trivium run PIPELINE" in terminal("runs", "velocity").out


def test_the_pace_is_told_by_week_pipeline_and_person(terminal: Terminal, project: Path) -> None:
    for weight in ("1", "2", "2"):
        terminal("run", "sums", "--set", f"weight={weight}")
    terminal("run", "sums", "--set", "weight=-1")
    report = terminal("runs", "velocity", "--since", "2w", "--json").json
    assert len(report["weeks"]) == 3
    assert (report["total"]["runs"], report["total"]["experiments"], report["total"]["success"]) == (4, 3, 0.75)
    assert [each["name"] for each in report["pipelines"]] == ["sums"]
    assert [each["name"] for each in report["people"]] == ["ada"]
    said = terminal("runs", "velocity").out
    assert "3 in 4 runs" in said
    assert "3 experiments in 4 runs, of which 75 % succeeded." in said
    assert "of the tasks were reused" in said


def test_only_one_pipeline_can_be_asked_for(terminal: Terminal, project: Path) -> None:
    terminal("run", "sums")
    assert terminal("runs", "velocity", "--pipeline", "other", "--json").json["total"]["runs"] == 0


def test_a_length_that_is_none_is_misuse(terminal: Terminal, project: Path) -> None:
    said = terminal("runs", "velocity", "--since", "soon")
    assert said.status == 2
    assert "not a length of time" in said.err


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, None), (0.4, "0.4 s"), (42, "42 s"), (600, "10 min"), (7200, "2.0 h"), (86400 * 3.24, "3.2 d")],
)
def test_lengths_are_told_in_the_unit_that_people_would_take(seconds: float | None, told: str | None) -> None:
    assert length(seconds) == told
