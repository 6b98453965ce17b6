"""`trivium audit`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Terminal = Callable[..., Any]


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folders are this test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "apart"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    return tmp_path / "apart" / "trivium" / "checkpoints"


def change(project: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(project / ".trivium" / "catalog.db")) as database, database:
        database.execute(statement, values)


def test_the_log_shows_the_newest_events_first(terminal: Terminal, project: Path) -> None:
    events = terminal("audit", "log", "--json").json
    assert [event["kind"] for event in events] == ["table.committed", "table.committed", "table.declared"]
    assert terminal("audit", "log", "--subject", "nothing", "--json").json == []


def test_a_whole_chain_verifies(terminal: Terminal, project: Path) -> None:
    said = terminal("audit", "verify", "--json")
    assert said.status == 0
    assert said.json["holds"] is True
    assert said.json["events"] == 3


def test_a_changed_event_breaks_the_chain_and_exits_with_one(terminal: Terminal, project: Path) -> None:
    change(project, "UPDATE events SET actor = 'nobody' WHERE seq = 2")
    said = terminal("audit", "verify", "--json")
    assert said.status == 1
    assert said.json["holds"] is False
    assert [(each["kind"], each["first"]) for each in said.json["problems"]] == [("edit", 2)]
    assert said.err.startswith("error: The audit log does not hold (edit): Event 2 (table.committed weather)")
    assert said.err.count("\n") == 1


def test_people_read_what_happened_and_what_to_do(terminal: Terminal, project: Path) -> None:
    terminal("audit", "checkpoint")
    change(project, "DELETE FROM events WHERE seq = 3")
    change(project, "UPDATE events SET actor = 'nobody' WHERE seq = 1")
    said = terminal("audit", "verify")
    assert said.status == 1
    assert "edit: Event 1 " in said.out
    assert "cut tail: The end of the log was cut off: it ends with event 2" in said.out
    assert said.out.count("What to do:") == 2
    assert "1 more problem" in said.err


def test_a_command_that_writes_makes_a_checkpoint_once_an_hour_and_one_that_reads_none(
    terminal: Terminal, project: Path, apart: Path
) -> None:
    (file,) = apart.glob("*/*.jsonl")
    assert len(file.read_text().splitlines()) == 1  # two commands have written
    file.unlink()
    for arguments in (("audit", "log"), ("tables", "list"), ("audit", "verify")):
        terminal(*arguments)
    assert not file.exists()


def test_a_checkpoint_by_hand_covers_all_events(terminal: Terminal, project: Path) -> None:
    made = terminal("audit", "checkpoint", "--json")
    assert (made.status, made.json["seq"]) == (0, 3)
    assert terminal("audit", "verify", "--json").json["through"] == 3
    said = terminal("audit", "verify").out
    assert "up to event 3 nothing was cut off or rewritten." in said


def test_with_the_public_key_alone_another_can_verify(terminal: Terminal, project: Path, apart: Path) -> None:
    (key,) = apart.glob("*/*.pub")
    assert terminal("audit", "verify", "--public-key", str(key)).status == 0
    wrong = terminal("audit", "verify", "--public-key", "trivium.toml")
    assert (wrong.status, "no Ed25519 public key" in wrong.err) == (2, True)


def test_a_report_without_checkpoints_says_what_it_cannot_see(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_CHECKPOINTS", "off")
    said = terminal("audit", "verify")
    assert said.status == 0
    assert "neither can be seen in the log alone" in said.out
    refused = terminal("audit", "checkpoint")
    assert (refused.status, "Checkpoints are off" in refused.err) == (2, True)


@pytest.mark.filterwarnings("always::trivium.store.audit.due.CheckpointNotMade")
def test_a_checkpoint_that_cannot_be_made_is_a_warning_and_no_failure(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_CHECKPOINTS", "trivium.toml")
    said = terminal("triggers", "list")
    assert said.err == ""
    said = terminal("tables", "import", "more", "first.csv", "--key", "id", "--time", "at")
    assert said.status == 0
    assert "warning: No checkpoint of the audit log was made" in said.err


def test_a_stored_text_cannot_move_the_cursor(terminal: Terminal, project: Path) -> None:
    change(project, "UPDATE events SET actor = ?, subject = ?", "\x1b[2Jnobody", "\x1b[2Jnothing")
    assert "\x1b" not in terminal("audit", "log").out
    said = terminal("audit", "verify")
    assert "\x1b" not in said.out + said.err
