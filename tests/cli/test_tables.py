"""`trivium tables`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Terminal = Callable[..., Any]


def test_a_list_has_the_stable_keys(terminal: Terminal, project: Path) -> None:
    (row,) = terminal("tables", "list", "--json").json
    assert {**row, "name": "weather", "version": 2, "rows": 3, "state": "valid"} == row
    assert row["committed_at"].endswith("Z")


def test_an_empty_list_is_an_empty_array_and_says_the_next_command_to_people(terminal: Terminal) -> None:
    terminal("init")
    assert terminal("tables", "list", "--json").json == []
    assert "trivium tables import" in terminal("tables", "list").out


def test_output_that_is_no_terminal_has_no_colour_and_unbroken_ids(terminal: Terminal, project: Path) -> None:
    (newest, _) = terminal("tables", "log", "weather", "--json").json
    said = terminal("tables", "log", "weather")
    assert newest["id"] in said.out
    assert "\x1b" not in said.out


def test_a_table_is_shown_at_any_version(terminal: Terminal, project: Path) -> None:
    facts = terminal("tables", "show", "weather", "--version", "1", "--json").json
    assert (facts["version"], facts["rows"], facts["key"], facts["time"]) == (1, 2, ["id"], "at")
    assert facts["partitions"] == ["2024-01-01", "2024-01-02"]
    assert terminal("tables", "show", "weather", "--version", "7").status == 2


def test_a_difference_names_what_changed(terminal: Terminal, project: Path) -> None:
    diff = terminal("tables", "diff", "weather", "1", "--json").json
    assert (diff["rows_before"], diff["rows_after"], diff["partitions_added"]) == (2, 3, ["2024-01-03"])
    assert "2024-01-03" in terminal("tables", "diff", "weather", "1", "2").out


def test_a_query_answers_from_the_newest_version_or_the_one_named(terminal: Terminal, project: Path) -> None:
    count = "SELECT count(*) AS n FROM weather"
    assert terminal("tables", "query", count, "--json").json == [{"n": 3}]
    assert terminal("tables", "query", count, "--at", "weather=1", "--json").json == [{"n": 2}]


def test_a_query_says_when_it_shows_only_a_part(terminal: Terminal, project: Path) -> None:
    said = terminal("tables", "query", "FROM weather ORDER BY id", "--limit", "2", "--json")
    assert [row["id"] for row in said.json] == [1, 2]
    assert "only the first 2 rows" in said.err


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE weather",
        "COPY weather TO 'stolen.csv'",
        "SELECT * FROM read_text('trivium.toml')",
        "SELECT * FROM 'trivium.toml'",
        "SELECT 1; SELECT 2",
        "ATTACH 'other.db'",
        "SET threads = 1",
        "SELECT nothing FROM weather",
        "not sql",
        "",
    ],
)
def test_a_query_reads_tables_and_nothing_else(terminal: Terminal, project: Path, statement: str) -> None:
    before = sorted(each.name for each in project.iterdir())
    assert terminal("tables", "query", statement).status == 2
    assert sorted(each.name for each in project.iterdir()) == before


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_exported_rows_are_imported_again_as_they_were(terminal: Terminal, project: Path, ending: str) -> None:
    assert terminal("tables", "export", "weather", f"out.{ending}").status == 0
    assert terminal("tables", "import", "again", f"out.{ending}", "--key", "id").status == 0
    sums = terminal("tables", "query", "SELECT sum(id) i, sum(temp) t FROM again", "--json").json
    assert sums == [{"i": 6, "t": 13.5}]


def test_an_export_to_an_unknown_ending_writes_nothing(terminal: Terminal, project: Path) -> None:
    assert terminal("tables", "export", "weather", "out.xlsx").status == 2
    assert not (project / "out.xlsx").exists()


def test_a_declared_table_is_not_declared_again_by_an_import(terminal: Terminal, project: Path) -> None:
    assert terminal("tables", "import", "weather", "second.csv", "--key", "at").status == 2
