"""`trivium environments` and `trivium runs environment`, with uv and a folder of wheels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.pipelines.environments.wheels import write_installed, write_wheel

from trivium.pipelines.environments.runtime import needs_of_trivium

Terminal = Callable[..., Any]
FLOW = """
import trivium as tv

@tv.task(env=tv.env("tvgreeting"))
def greet() -> str:
    import tvgreeting
    return tvgreeting.__version__

@tv.pipeline
def greetings() -> str:
    return greet()
"""


@pytest.fixture
def wheels(tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one task in an environment, and the folder that its packages come from."""
    folder = tmp_path / "wheels"
    write_installed(folder, needs_of_trivium())
    write_wheel(folder, "tvgreeting", "1.0")
    (tmp_path / "uv.toml").write_text(f'no-index = true\noffline = true\nfind-links = ["{folder}"]\n')
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "trivium.toml").write_text('pipelines = ["flow.py"]\n[env.other]\nrequirements = ["tvgreeting<2"]\n')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("UV_CONFIG_FILE", raising=False)
    return folder


def test_environments_are_listed_locked_upgraded_and_removed(terminal: Terminal, wheels: Path, tmp_path: Path) -> None:
    rows = terminal("environments", "list", "--json").json
    assert [(row["environment"], row["lock"], row["tasks"]) for row in rows] == [
        ("other", "not locked yet", ""),
        ("tvgreeting", "not locked yet", "greet"),
    ]
    assert "tvgreeting: " in terminal("environments", "lock", "greet").out
    write_wheel(wheels, "tvgreeting", "2.0")
    assert "->" not in terminal("environments", "lock", "greet").out
    assert "(tvgreeting 1.0 -> 2.0)" in terminal("environments", "lock", "greet", "--upgrade", "--build").out
    terminal("environments", "lock", "greet", "--output", "greet.lock")
    assert "tvgreeting==2.0 \\\n    --hash=sha256:" in (tmp_path / "greet.lock").read_text()
    assert [row["built"] for row in terminal("environments", "list", "--json").json] == [False, True]
    assert terminal("environments", "gc").out == "Removed 0 environments, 0.0 MB.\n"
    (gone,) = terminal("environments", "gc", "--unused", "0s", "--json").json
    assert gone["bytes"] > 0
    assert [row["built"] for row in terminal("environments", "list", "--json").json] == [False, False]


def test_an_unknown_environment_is_refused_by_name(terminal: Terminal, wheels: Path) -> None:
    said = terminal("environments", "lock", "nobody")
    assert said.status == 2
    assert (
        "There is no environment 'nobody', nor a task of this name with one; there are: other; tvgreeting." in said.err
    )
    assert "--output takes one environment, and these are 2" in terminal("environments", "lock", "--output", "a").err


def test_an_environment_that_cannot_be_used_is_listed_with_the_reason(
    terminal: Terminal, wheels: Path, tmp_path: Path
) -> None:
    (tmp_path / "flow.py").write_text(FLOW.replace('tv.env("tvgreeting")', '"polite"'))
    other, polite = terminal("environments", "list", "--json").json
    assert other["lock"] == "not locked yet"
    assert "There is no environment 'polite'; the project's settings have: other." in polite["lock"]


def test_a_run_tells_what_its_tasks_ran_in(terminal: Terminal, wheels: Path) -> None:
    run = terminal("run", "greetings", "--json").json["id"]
    shown = terminal("runs", "show", run, "--json").json
    assert shown["environments"]["greet"]["digest"] == shown["tasks"][0]["environment"]
    assert "greet: " in terminal("runs", "show", run).out
    assert "tvgreeting==1.0 \\\n    --hash=sha256:" in terminal("runs", "environment", run, "greet").out
    assert terminal("runs", "environment", run, "greet", "--json").json["packages"]["tvgreeting"] == "1.0"
    assert "msgspec==" in terminal("runs", "environment", run).out
    assert "has no task 'nobody'" in terminal("runs", "environment", run, "nobody").err


def test_doctor_tells_which_uv_is_used(terminal: Terminal, wheels: Path) -> None:
    found = {row["what"]: row["detail"] for row in terminal("doctor", "--json").json}
    assert found["uv"].startswith("uv ")
