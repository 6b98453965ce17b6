"""`trivium run` with parameters from several places, and with secrets."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Terminal = Callable[..., Any]
VALUE = "hunter2/+c0rrect"
PIPELINE = """
import base64, os, sys
from dataclasses import dataclass
import trivium as tv

@dataclass
class Model:
    depth: int = 3
    rate: float = 0.1

@tv.task(secrets=("DB_PASSWORD",))
def load(token: str, model: Model, fail: bool) -> int:
    password = os.environ["DB_PASSWORD"]
    print("connecting with", password, "and", token)
    sys.stdout.write("in two: " + token[:5]); sys.stdout.write(token[5:] + ".")
    print(base64.b64encode(b"ada:" + password.encode()).decode(), file=sys.stderr)
    if fail:
        raise ConnectionError(f"refused: postgresql://ada:{password}@db")
    return model.depth

@tv.pipeline
def nightly(token: tv.Secret, model: Model = Model(), fail: bool = False) -> int:
    return load(token, model, fail)
"""


@pytest.fixture
def configured(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "trivium.toml").write_text('pipelines = ["pipeline.py"]\nsecrets = "secrets.toml"\n')
    (tmp_path / "secrets.toml").write_text(f'DB_PASSWORD = "{VALUE}"\n')
    (tmp_path / "secrets.toml").chmod(0o600)
    (tmp_path / "params.toml").write_text('[nightly]\ntoken = "secret:TOKEN"\nmodel.rate = 0.5\n')
    monkeypatch.setenv("TOKEN", "t0ken-of-the-day")
    return tmp_path


def kept(root: Path) -> bytes:
    with sqlite3.connect(root / ".trivium" / "catalog.db") as catalog:
        rows = "\n".join(catalog.iterdump())
    catalog.close()
    return rows.encode() + b"\n".join(each.read_bytes() for each in (root / ".trivium").rglob("*") if each.is_file())


@pytest.mark.parametrize("fail", [False, True])
def test_the_value_of_a_secret_is_nowhere(terminal: Terminal, configured: Path, fail: bool) -> None:
    said = terminal("run", "nightly", "--config", "params.toml", "--set", f"fail={str(fail).lower()}")
    assert said.status == int(fail), said.err
    (run,) = terminal("runs", "list", "--json").json
    shown = terminal("runs", "show", run["id"]).out + terminal("runs", "logs", run["id"]).out
    assert "connecting with [secret DB_PASSWORD] and [secret TOKEN]" in shown
    assert "in two: [secret TOKEN]." in shown
    if fail:
        assert "refused: postgresql://ada:[secret DB_PASSWORD]@db" in said.err
    everything = kept(configured) + (said.out + said.err + shown).encode()
    for value in (VALUE.encode(), base64.b64encode(b"ada:" + VALUE.encode())[6:-4], b"t0ken-of-the-day"):
        assert value not in everything


def test_a_run_shows_its_parameters_with_their_sources_and_its_secrets(
    terminal: Terminal, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_PARAM_NIGHTLY__MODEL__RATE", "0.7")
    run = terminal("run", "nightly", "--config", "params.toml", "--set", "model.depth=5", "--json").json
    facts = terminal("runs", "show", run["id"], "--json").json
    assert facts["parameters"] == {"token": "secret:TOKEN", "model": {"depth": 5, "rate": 0.7}, "fail": False}
    assert facts["sources"] == {
        "token": "params.toml: nightly.token",
        "model": "default",
        "model.rate": "TRIVIUM_PARAM_NIGHTLY__MODEL__RATE",
        "model.depth": "--set model.depth",
        "fail": "default",
    }
    assert facts["secrets"] == ["DB_PASSWORD", "TOKEN"]
    lines = [line.split() for line in terminal("runs", "show", run["id"]).out.splitlines()]
    assert ["token", "secret:TOKEN", "params.toml:", "nightly.token"] in lines
    assert ["fail", "false", "default"] in lines
    assert ["secrets", "DB_PASSWORD,", "TOKEN"] in lines
    again = terminal("run", "nightly", "--config", "params.toml", "--set", "model.depth=5", "--json").json
    assert again["cached"] == 1
    assert terminal("runs", "show", again["id"], "--json").json["secrets"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "model.dept=5"), "did you mean 'model.depth'?"),
        (("--set", "model.depth=deep"), "(from --set model.depth) is annotated int"),
        (("--config", "wrong.toml"), "(from wrong.toml: nightly.modle); did you mean 'model'?"),
        (("--config", "gone.toml"), "There is no file gone.toml"),
        (("--set", "token=hunter2"), "give `secret:NAME`"),
        (("--set", "a..b=1"), "is not a parameter"),
        ((), "needs its parameter 'token'"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(
    terminal: Terminal, configured: Path, arguments: tuple[str, ...], message: str
) -> None:
    (configured / "wrong.toml").write_text("[nightly.modle]\ndepth = 4\n")
    said = terminal("run", "nightly", *arguments)
    assert said.status == 2
    assert message in said.err
    assert "hunter2" not in said.err
    assert terminal("runs", "list", "--json").json == []


def test_a_plan_is_made_with_the_same_parameters(terminal: Terminal, configured: Path) -> None:
    terminal("run", "nightly", "--config", "params.toml")
    (step,) = terminal("run", "nightly", "--config", "params.toml", "--plan", "--json").json["steps"]
    assert step["action"] == "reuse"
    (step,) = terminal("run", "nightly", "--config", "params.toml", "--set", "model.depth=9", "--plan", "--json").json[
        "steps"
    ]
    assert "parameter model changed" in step["why"]


def test_a_file_of_secrets_that_others_can_read_fails_the_task_and_says_so(
    terminal: Terminal, configured: Path
) -> None:
    (configured / "secrets.toml").chmod(0o644)
    said = terminal("run", "nightly", "--config", "params.toml")
    assert said.status == 1
    assert "can be read by others (mode 0644): `chmod 600" in said.err


def test_a_run_is_resumed_and_reproduced_with_its_recorded_parameters(
    terminal: Terminal, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN")
    assert terminal("run", "nightly", "--config", "params.toml", "--set", "model.depth=5").status == 1
    (run,) = terminal("runs", "list", "--json").json
    monkeypatch.setenv("TOKEN", "t0ken-of-the-day")
    assert terminal("runs", "resume", run["id"], "--json").json["status"] == "succeeded"
    said = terminal("runs", "reproduce", run["id"])
    assert said.status == 0, said.err
