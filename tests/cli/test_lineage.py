"""`trivium lineage`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import write_csv

from trivium.store.store import connect
from trivium.tables.table import Table
from trivium.tracking.run import run

Terminal = Callable[..., Any]


@pytest.fixture
def derived(project: Path) -> Path:
    """The project after six scripts have each made a version of `features` from `weather`."""
    with connect(project, actor="ada", durability="fast") as store:
        for _ in range(6):
            with run("derive", store=store):
                rows = Table("weather", key="id", time="at").read(store=store).collect()
                Table("features", watch="off").append(rows, store=store)
    return project


@pytest.mark.usefixtures("derived")
def test_a_tree_shows_what_a_thing_comes_from_and_what_it_goes_into(terminal: Terminal) -> None:
    shown = terminal("lineage", "show", "features@1")
    assert shown.status == 0
    above, below = shown.out.split("goes into")
    assert "of derive  wrote it (append)" in above
    assert "table weather@2  read in script; 3 rows, by hand (ada)" in above
    assert "Nothing is on record." in below


@pytest.mark.usefixtures("derived")
def test_many_runs_alike_are_one_line_until_all_are_asked_for(terminal: Terminal) -> None:
    short = terminal("lineage", "show", "weather", "--downstream").out
    assert short.count("read it in script") == 3
    assert "and 3 more runs of derive (`--all` shows them)" in short
    assert terminal("lineage", "show", "weather", "--downstream", "--all").out.count("read it in script") == 6


@pytest.mark.usefixtures("derived")
def test_depth_and_limit_say_that_there_is_more(terminal: Terminal) -> None:
    assert "`--depth` goes further" in terminal("lineage", "show", "weather", "--depth", "1").out
    assert "`--limit` shows more" in terminal("lineage", "show", "weather", "--limit", "2").out


@pytest.mark.usefixtures("derived")
def test_json_has_every_edge_with_names_that_can_be_asked_for_again(terminal: Terminal) -> None:
    said = terminal("lineage", "show", "features@2", "--upstream", "--json").json
    assert set(said) == {"upstream"}
    assert {edge["how"] for edge in said["upstream"]["edges"]} == {"wrote", "read"}
    for edge in said["upstream"]["edges"]:
        assert terminal("lineage", "show", edge["source"], "--json").status == 0


@pytest.mark.usefixtures("derived")
def test_what_is_stale_is_marked_in_the_tree_and_told_as_json(terminal: Terminal, project: Path) -> None:
    assert "stale" not in terminal("lineage", "show", "features").out
    write_csv(project / "third.csv", [(4, "2024-01-04T00:00:00", 6.5)])
    terminal("tables", "import", "weather", "third.csv")
    assert "table features  stale" in terminal("lineage", "show", "features", "--upstream").out
    said = terminal("lineage", "show", "weather", "--downstream", "--json").json["downstream"]["stale"]
    assert {name: [(each["table"], each["added"]) for each in inputs] for name, inputs in said.items()} == {
        "features@6": [("weather", ["2024-01-04"])]
    }


@pytest.mark.usefixtures("derived")
def test_impact_tells_how_much_a_change_reaches_and_why(terminal: Terminal) -> None:
    shown = terminal("lineage", "impact", "weather.temp").out
    assert shown.startswith("weather.temp: 0 models, 0 endpoints and 1 table\n")
    assert "has a column of this name; written by run" in shown
    said = terminal("lineage", "impact", "weather.id", "--json").json
    assert said["declared"] == ["part of its key"]
    assert [(each["kind"], each["name"], each["reached"]) for each in said["effects"]] == [
        ("table", "features", "surely")
    ]


def test_emit_writes_messages_once_and_asks_for_a_receiver(terminal: Terminal, project: Path) -> None:
    assert terminal("lineage", "emit").status == 2
    assert "4 messages were sent" in terminal("lineage", "emit", "--to", "lineage.jsonl").out
    assert terminal("lineage", "emit", "--to", "lineage.jsonl", "--json").json["messages"] == 0
    lines = (project / "lineage.jsonl").read_text().splitlines()
    assert [json.loads(line)["eventType"] for line in lines] == ["START", "COMPLETE"] * 2


@pytest.mark.usefixtures("project")
def test_a_receiver_that_takes_nothing_is_an_exit_status(terminal: Terminal) -> None:
    said = terminal("lineage", "emit", "--to", "http://127.0.0.1:9")
    assert said.status == 1
    assert "does not take lineage" in said.err
    assert "goes on there" in said.err


@pytest.mark.parametrize("words", [("show", "nothing"), ("impact", "weather.nothing"), ("show", "a b")])
@pytest.mark.usefixtures("project")
def test_a_name_of_nothing_is_misuse(terminal: Terminal, words: tuple[str, str]) -> None:
    assert terminal("lineage", *words).status == 2
