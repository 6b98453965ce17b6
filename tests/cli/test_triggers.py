"""`trivium triggers`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Terminal = Callable[..., Any]

PIPELINE = """
import polars as pl
import trivium as tv

weather = tv.Table("weather", key="id", time="at")

@tv.task
def count(rows: pl.DataFrame) -> int:
    return rows.height

@tv.pipeline
def counted() -> int:
    return count(weather)

tv.on(weather.committed).run(counted)
"""


@pytest.fixture
def triggered(terminal: Terminal, project: Path) -> Path:
    """A project whose pipeline runs on commits to `weather`; its trigger is known."""
    (project / "pipeline.py").write_text(PIPELINE)
    assert terminal("triggers", "fire", "--json").json == []
    return project


def commit(terminal: Terminal, project: Path, day: int) -> None:
    (project / "more.csv").write_text(f"id,at,temp\n{day},2024-02-{day:02}T00:00:00,1.5\n")
    assert terminal("tables", "import", "weather", "more.csv").status == 0


def test_a_commit_fires_a_run_once(terminal: Terminal, triggered: Path) -> None:
    commit(terminal, triggered, 1)
    (firing,) = terminal("triggers", "fire", "--json").json
    assert (firing["trigger"], firing["state"]) == ("counted_on_weather", "done")
    assert terminal("triggers", "fire", "--json").json == []
    (run,) = terminal("runs", "list", "--json").json
    assert (run["id"], run["trigger"]) == (firing["run"], "counted_on_weather")


def test_a_paused_trigger_does_nothing_until_it_goes_on(terminal: Terminal, triggered: Path) -> None:
    assert terminal("triggers", "pause", "counted_on_weather", "--json").json["paused"] is True
    commit(terminal, triggered, 1)
    assert terminal("triggers", "fire", "--json").json == []
    terminal("triggers", "pause", "counted_on_weather", "--resume")
    assert len(terminal("triggers", "fire", "--json").json) == 1


def test_triggers_and_what_they_did_are_listed(terminal: Terminal, triggered: Path) -> None:
    (spec,) = terminal("triggers", "list", "--json").json
    assert (spec["name"], spec["event"], spec["subject"]) == ("counted_on_weather", "table.committed", "weather")
    commit(terminal, triggered, 1)
    terminal("triggers", "fire")
    assert [each["state"] for each in terminal("triggers", "log", "--json").json] == ["done"]
    assert terminal("triggers", "log", "--state", "failed", "--json").json == []
    assert terminal("triggers", "pause", "nothing").status == 2
