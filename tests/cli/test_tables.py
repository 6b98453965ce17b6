"""`trivium tables`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from tests.cli.conftest import write_csv

import trivium as tv
from trivium.cli.import_view import progress_line
from trivium.store.store import connect
from trivium.tables.import_source import Progress

Terminal = Callable[..., Any]


def test_a_list_has_the_stable_keys(terminal: Terminal, project: Path) -> None:
    (row,) = terminal("tables", "list", "--json").json
    assert {**row, "name": "weather", "version": 2, "rows": 3, "state": "valid"} == row
    assert row["committed_at"].endswith("Z")


@pytest.fixture
def derived(project: Path) -> Path:
    """The project with a table `warmth` that a script made of `weather`, which has a file with a new day."""
    with connect(project, actor="ada", durability="fast") as store, tv.run("derive", store=store):
        rows = tv.Table("weather", key="id", time="at").read(store=store).collect()
        tv.Table("warmth", watch="off").append(rows, store=store)
    write_csv(project / "third.csv", [(4, "2024-01-04T00:00:00", 6.5)])
    return project


@pytest.mark.usefixtures("derived")
def test_stale_tables_are_told_with_what_is_new_in_which_input(terminal: Terminal) -> None:
    assert [row["stale"] for row in terminal("tables", "list", "--json").json] == [[], []]
    assert terminal("tables", "list", "--stale").out == "No table is stale.\n"
    terminal("tables", "import", "weather", "third.csv")
    (row,) = terminal("tables", "list", "--stale", "--json").json
    (newer,) = row["stale"]
    assert (row["name"], newer["table"], newer["read"], newer["newest"]) == ("warmth", "weather", 2, 3)
    assert (newer["added"], newer["changed"], newer["acts"], newer["through"]) == (["2024-01-04"], [], [], [])
    assert terminal("tables", "show", "warmth", "--json").json["stale"] == row["stale"]
    shown = terminal("tables", "show", "warmth").out
    assert "stale: inputs have newer versions" in shown
    assert "new: 2024-01-04" in shown
    assert "weather" in terminal("tables", "list", "--stale").out


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


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "arrow"])
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


def test_an_import_tells_each_commit_and_goes_on_where_it_stopped(terminal: Terminal, project: Path) -> None:
    again = terminal("tables", "import", "weather", "first.csv")
    assert (again.status, again.out) == (0, "1 of 1 commits were there already: nothing is doubled.\n")
    facts = terminal("tables", "import", "weather", "first.csv", "--json").json
    assert {**facts, "table": "weather", "source": "first.csv", "rows": 2, "known": 1, "state": "valid",
            "complete": True} == facts  # fmt: skip
    assert [commit["version"] for commit in facts["commits"]] == [1]


def test_an_import_under_a_name_is_another_one(terminal: Terminal, project: Path) -> None:
    assert terminal("tables", "import", "weather", "first.csv", "--resume", "nightly", "--json").json["known"] == 0
    assert terminal("tables", "import", "weather", "first.csv", "--resume", "nightly", "--json").json["known"] == 1


def test_an_overwriting_import_replaces_partitions(terminal: Terminal, project: Path) -> None:
    assert terminal("tables", "import", "weather", "first.csv", "--overwrite").status == 0
    assert terminal("tables", "query", "SELECT count(*) AS n FROM weather", "--json").json == [{"n": 3}]


def test_an_import_of_a_database_asks_a_query(terminal: Terminal, project: Path) -> None:
    assert terminal("tables", "export", "weather", "out.parquet").status == 0
    with duckdb.connect("shop.duckdb") as database:
        database.execute("CREATE TABLE t AS SELECT * FROM 'out.parquet'")
    source = "duckdb:///shop.duckdb"
    said = terminal("tables", "import", "warm", source, "--query", "SELECT * FROM t WHERE temp > 4", "--key", "id")
    assert (said.status, terminal("tables", "query", "SELECT count(*) AS n FROM warm", "--json").json) == (
        0,
        [{"n": 2}],
    )
    assert terminal("tables", "import", "hourly", f"{source}?table=t", "--time", "at", "--every", "1h").status == 0
    assert terminal("tables", "show", "hourly", "--json").json["partitions"][0] == "2024-01-01T00"


def test_an_upserting_import_replaces_the_rows_of_the_same_key(terminal: Terminal, project: Path) -> None:
    write_csv(project / "changed.csv", [(2, "2024-01-01T06:00:00", 40.5), (9, "2024-02-01T00:00:00", 1.0)])
    with connect(project, actor="ada") as store:
        tv.Table("keyed", key="id", time="at", checks=[tv.rule("temp > 0")]).append(project / "first.csv", store=store)
    said = terminal("tables", "import", "keyed", "changed.csv", "--upsert")
    assert (said.status, said.err) == (0, "")
    query = "SELECT id, temp FROM keyed ORDER BY id"
    assert terminal("tables", "query", query, "--json").json == [
        {"id": 1, "temp": 3.5}, {"id": 2, "temp": 40.5}, {"id": 9, "temp": 1.0}
    ]  # fmt: skip
    named = ["tables", "import", "keyed", "changed.csv", "--upsert", "--resume", "once", "--json"]
    assert terminal(*named).json["id"] == terminal(*named).json["id"]
    assert terminal("tables", "import", "keyed", "changed.csv", "--upsert", "--overwrite").status == 2
    assert "declare `key=`" in terminal("tables", "import", "keyless", "changed.csv", "--upsert").err
    write_csv(project / "cold.csv", [(2, "2024-01-01T06:00:00", -1.0)])
    kept_aside = terminal("tables", "import", "keyed", "cold.csv", "--upsert")
    assert kept_aside.status == 1
    assert "trivium tables release" in kept_aside.err


def test_a_profile_of_a_column_that_is_not_there_names_those_that_are(terminal: Terminal, project: Path) -> None:
    for more in ([], ["--json"]):
        said = terminal("tables", "profile", "weather", "--column", "tmep", *more)
        assert (said.status, said.out) == (2, "")
        assert said.err == "error: Table 'weather' has no column 'tmep'; it has id, at, temp.\n"
    assert terminal("tables", "profile", "weather", "--column", "temp").status == 0


def test_quarantined_rows_end_with_one_and_say_what_to_do(terminal: Terminal, project: Path) -> None:
    write_csv(project / "twice.csv", [(9, "2024-02-01T00:00:00", 1.0), (9, "2024-02-01T00:00:00", 1.0)])
    table = tv.Table("checked", key="id", time="at", checks=[tv.unique("id")])
    with connect(project, actor="ada") as store:
        table.append(project / "first.csv", store=store)
    said = terminal("tables", "import", "checked", "twice.csv", "--stop-on-quarantine")
    assert said.status == 1
    assert "trivium tables release" in said.err


def test_an_export_has_the_rows_and_columns_that_were_asked_for(terminal: Terminal, project: Path) -> None:
    options = ["--where", "temp > 4", "--columns", "id,temp", "--version", "2"]
    facts = terminal("tables", "export", "weather", "out.arrow", *options, "--json").json
    assert {**facts, "table": "weather", "version": 2, "rows": 2, "file": "out.arrow"} == facts
    assert pl.read_ipc("out.arrow").to_dict(as_series=False) == {"id": [2, 3], "temp": [4.5, 5.5]}
    assert terminal("tables", "export", "weather", "out.csv", "--columns", "nothing").status == 2


def test_progress_is_a_line_that_tells_rows_rate_and_time_left() -> None:
    progress = Progress("reading", 4_000_000, 10_000_000, 320_000_000)
    assert progress_line(progress, 8.0) == "read 4,000,000 of 10,000,000 rows, 320 MB, 500,000 rows/s, 12 s left"
    assert progress_line(Progress("committing", 10, None, 0, 2), 0.0) == "committed 10 rows, 2 commits"


def test_an_exported_file_is_checked_in_the_types_of_its_table(terminal: Terminal, project: Path) -> None:
    for ending in ("jsonl", "csv", "parquet"):
        assert terminal("tables", "export", "weather", f"out.{ending}").status == 0
        said = terminal("tables", "check", "weather", f"out.{ending}")
        assert (said.status, said.err) == (0, "")


def test_python_functions_of_checks_are_found_in_the_projects_modules(terminal: Terminal, tmp_path: Path) -> None:
    terminal("init")
    Path("shop.py").write_text(
        "import trivium as tv\n\n\ndef adds_up(rows):\n    return rows['paid'] < 0\n\n\n"
        "orders = tv.Table('orders', key='id', watch='off', checks=[tv.check(adds_up)])\n"
    )
    declare = "import shop, trivium as tv\nwith tv.connect('.'):\n    shop.orders.append([{'id': 1, 'paid': 5}])\n"
    subprocess.run([sys.executable, "-c", declare], check=True)
    unknown = terminal("tables", "check", "orders")
    assert (unknown.status, "shop:adds_up" in unknown.err) == (2, True)
    settings = Path("trivium.toml").read_text()
    Path("trivium.toml").write_text(f'{settings}\npipelines = ["shop.py"]\n')
    assert "1 of 1 checks on 1 partitions of orders passed." in terminal("tables", "check", "orders").out
