"""`trivium audit`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

Terminal = Callable[..., Any]


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
    with closing(sqlite3.connect(project / ".trivium" / "catalog.db")) as database, database:
        database.execute("UPDATE events SET actor = 'nobody' WHERE seq = 2")
    said = terminal("audit", "verify", "--json")
    assert said.status == 1
    assert said.json["holds"] is False
    assert "event 2" in said.err


def test_a_stored_text_cannot_move_the_cursor(terminal: Terminal, project: Path) -> None:
    with closing(sqlite3.connect(project / ".trivium" / "catalog.db")) as database, database:
        database.execute("UPDATE events SET actor = ?", ("\x1b[2Jnobody",))
    assert "\x1b" not in terminal("audit", "log").out
