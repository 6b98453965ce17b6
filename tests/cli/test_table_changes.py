"""The verbs of `trivium tables` that change what a table holds, and `trivium gc`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Terminal = Callable[..., Any]


def ids(terminal: Terminal, *more: str) -> list[int]:
    rows = terminal("tables", "query", "SELECT id FROM weather ORDER BY id", *more, "--json").json
    return [row["id"] for row in rows]


def test_rows_are_deleted_from_the_newest_version_and_come_back_by_restoring(terminal: Terminal, project: Path) -> None:
    before = ids(terminal)
    deleted = terminal("tables", "delete", "weather", "--where", "id = 1", "--json").json
    assert (deleted["version"], deleted["operation"]) == (3, "delete")
    assert ids(terminal) == before[1:]
    assert "as version 4" in terminal("tables", "restore", "weather", "2").out
    assert ids(terminal) == before


def test_a_change_tells_how_many_rows_it_took_and_left(terminal: Terminal, project: Path) -> None:
    assert (
        "2 rows of weather, 1 fewer than before: valid as version 3"
        in terminal("tables", "delete", "weather", "--where", "id = 1").out
    )
    nothing = terminal("tables", "delete", "weather", "--where", "id = 1").out
    assert nothing == "Nothing changed: weather stays at version 3, which has 2 rows.\n"
    assert "3 rows of weather, 1 more than before" in terminal("tables", "restore", "weather", "2").out
    assert "3 rows of weather, as many as before" in terminal("tables", "rename", "weather", "temp=heat").out


def test_erasing_asks_first_and_names_what_it_did(terminal: Terminal, project: Path) -> None:
    erase = ("tables", "erase", "weather", "--where", "id = 1", "--because", "ticket 12")
    assert "say --yes" in terminal(*erase).err
    assert 1 in ids(terminal, "--at", "weather=1")
    did = terminal(*erase, "--yes", "--json").json
    assert (did["rows"], did["version"], did["retrain"]) == (1, 3, [])
    assert 1 not in ids(terminal, "--at", "weather=1")
    assert "Back-ups" in terminal("tables", "erase", "weather", "--where", "id = 2", "--because", "so", "--yes").out


def test_columns_are_renamed_and_widened(terminal: Terminal, project: Path) -> None:
    columns = [column["name"] for column in terminal("tables", "show", "weather", "--json").json["columns"]]
    free = next(name for name in columns if name not in ("id", "at"))
    terminal("tables", "rename", "weather", f"{free}=renamed")
    shown = terminal("tables", "show", "weather", "--json").json["columns"]
    assert "renamed" in [column["name"] for column in shown]
    assert "write OLD=NEW" in terminal("tables", "rename", "weather", "x").err
    refused = terminal("tables", "widen", "weather", "renamed", "int8")
    assert refused.status == 1
    assert "values could change" in refused.err


def test_a_snapshot_keeps_its_versions_from_the_collector(terminal: Terminal, project: Path) -> None:
    assert "takes one" in terminal("tables", "snapshots").out
    taken = terminal("tables", "snapshot", "q1", "weather=1", "--because", "the exam", "--json").json
    assert taken["versions"] == {"weather": 1}
    assert terminal("tables", "snapshots", "--json").json[0]["name"] == "q1"
    (found,) = terminal("gc", "--older-than", "0h", "--json").json
    assert (found["versions"], found["kept"]) == ([], {"1": "snapshot 'q1' names it"})
    assert terminal("tables", "snapshot", "q2", "weather=x").status == 2


def test_the_collector_tells_first_what_it_would_do(terminal: Terminal, project: Path) -> None:
    would = terminal("gc", "--older-than", "0h", "--dry-run")
    assert "Would free" in would.out
    assert terminal("tables", "query", "FROM weather", "--at", "weather=1").status == 0
    assert "Freed" in terminal("gc", "weather", "--older-than", "0h").out
    gone = terminal("tables", "query", "FROM weather", "--at", "weather=1")
    assert gone.status == 2
    assert "were given up" in gone.err


def test_the_collector_knows_no_table_that_is_not_there(terminal: Terminal, project: Path) -> None:
    said = terminal("gc", "weather", "wether", "--older-than", "0h")
    assert (said.status, said.out) == (2, "")
    assert "There is no table 'wether'. Tables: weather." in said.err
    assert terminal("tables", "query", "FROM weather", "--at", "weather=1").status == 0


def test_a_difference_shows_rows_and_columns_that_changed(terminal: Terminal, project: Path) -> None:
    terminal("tables", "delete", "weather", "--where", "id = 1")
    facts = terminal("tables", "diff", "weather", "2", "3", "--json").json
    assert (facts["rows_removed"], facts["examples"]["removed"]) == (1, [{"id": 1}])
    said = terminal("tables", "diff", "weather", "2", "3").out
    assert "removed, the first 1" in said
    assert "columns that look different" in said


@pytest.mark.parametrize("where", ["nope = 1", "1", "id = 1 OR (SELECT true)"])
def test_a_condition_that_is_none_changes_nothing(terminal: Terminal, project: Path, where: str) -> None:
    said = terminal("tables", "delete", "weather", "--where", where)
    assert said.status != 0 or terminal("tables", "show", "weather", "--json").json["version"] == 2
