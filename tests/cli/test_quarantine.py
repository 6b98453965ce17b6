"""What the terminal shows of a failed check and what follows it: kept aside, muted, measured against an objective."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trivium.checks.kinds import rule
from trivium.checks.objective import objective
from trivium.store.store import Store, connect
from trivium.tables.table import Table

Terminal = Callable[..., Any]
CHECKS = [
    objective(rule("distance > 0", severity="divert"), "50 % of days in 4 d", owner="ops"),
    rule("id < 900", severity="warn"),
]
FLIGHTS = Table("flights", key="id", time="at", watch="off", checks=CHECKS)


@pytest.fixture
def store(terminal: Terminal, tmp_path: Path) -> Iterator[Store]:
    """The project's store, with the table `flights`: a day of which a rule diverted one row of two."""
    terminal("init")
    with connect(tmp_path, actor="ada", durability="fast") as opened:
        FLIGHTS.append(day(3, -1), store=opened)
        yield opened


def day(number: int, distance: int) -> pl.DataFrame:
    """Two flights of a day in May, one of this distance."""
    moment = datetime(2024, 5, number, tzinfo=UTC)
    return pl.DataFrame({"id": [number * 10, number * 10 + 1], "at": [moment] * 2, "distance": [100, distance]})


@pytest.fixture
def aside(terminal: Terminal, store: Store) -> dict[str, Any]:
    """What is kept aside."""
    (found,) = terminal("tables", "quarantine", "--json").json
    return dict(found)


def test_what_is_kept_aside_is_listed_with_the_stable_keys(terminal: Terminal, aside: dict[str, Any]) -> None:
    assert aside.keys() == {
        "id", "table", "rows", "partitions", "diverted_from", "written_since", "because", "actor", "committed_at",
    }  # fmt: skip
    assert (aside["rows"], aside["partitions"], aside["written_since"]) == (1, ["2024-05-03"], None)
    said = terminal("tables", "quarantine", "flights")
    assert "distance > 0: 1 of 2 rows fail and are kept aside" in said.out


def test_the_rows_that_are_kept_aside_are_shown(terminal: Terminal, aside: dict[str, Any]) -> None:
    (row,) = terminal("tables", "quarantine", "--rows", aside["id"], "--json").json
    assert (row["id"], row["distance"]) == (31, -1)
    assert "31" in terminal("tables", "quarantine", "--rows", aside["id"]).out


def test_an_unknown_table_or_commit_has_nothing_aside(terminal: Terminal, store: Store) -> None:
    assert terminal("tables", "quarantine", "planes").status == 2
    assert terminal("tables", "quarantine", "--rows", "nothing").status == 2


@pytest.mark.parametrize("verb", ["release", "discard"])
def test_what_is_kept_aside_is_settled_once_with_a_reason(terminal: Terminal, aside: dict[str, Any], verb: str) -> None:
    assert terminal("tables", verb, aside["id"]).status == 2
    assert terminal("tables", verb, aside["id"], "--because", "it is right").status == 0
    said = terminal("tables", verb, aside["id"], "--because", "again")
    assert (said.status, said.err.startswith("error: Commit")) == (2, True)
    assert terminal("tables", "quarantine").out == "Nothing is kept aside.\n"
    (event, *_) = terminal("audit", "log", "--subject", "flights", "--json").json
    assert (event["kind"], event["actor"]) == (f"table.{verb.removesuffix('e')}ed", "ada")
    assert event["detail"]["because"] == "it is right"


def test_an_import_tells_what_was_diverted(terminal: Terminal, store: Store, tmp_path: Path) -> None:
    day(4, -1).write_parquet(tmp_path / "day.parquet")
    said = terminal("tables", "import", "flights", "day.parquet")
    assert said.status == 0
    assert "1 rows were diverted: `trivium tables quarantine flights`" in said.out


def test_a_muted_alert_is_listed_when_it_is_asked_for_only(terminal: Terminal, store: Store) -> None:
    (alert,) = terminal("alerts", "list", "--json").json
    muted = terminal("alerts", "mute", alert["id"], "--for", "7d", "--because", "known", "--json").json
    assert muted["muted_until"] > alert["opened_at"]
    assert terminal("alerts", "list", "--json").json == []
    assert [each["id"] for each in terminal("alerts", "list", "--muted", "--json").json] == [alert["id"]]
    assert "is not muted any more" in terminal("alerts", "unmute", alert["id"], "--because", "over").out
    assert len(terminal("alerts", "list", "--json").json) == 1


@pytest.mark.parametrize("duration", ["0d", "91d", "for ever", "-1d"])
def test_a_mute_is_bounded_in_time(terminal: Terminal, store: Store, duration: str) -> None:
    (alert,) = terminal("alerts", "list", "--json").json
    said = terminal("alerts", "mute", alert["id"], "--because", "known", f"--for={duration}")
    assert said.status == 2
    assert terminal("alerts", "list", "--json").json == [alert]


def test_the_error_budget_is_shown_and_can_fail_a_command(terminal: Terminal, store: Store) -> None:
    (budget,) = terminal("tables", "objectives", "flights", "--json").json
    assert (budget["check"], budget["owner"], budget["objective"]) == ("distance > 0", "ops", "50 % of days in 4 d")
    assert (budget["allowed"], budget["remaining"], budget["failures"]) == (2.0, 0.5, ["2024-05-03"])
    assert terminal("tables", "objectives", "--fail").status == 0
    FLIGHTS.append(day(4, -1), store=store)
    assert terminal("tables", "objectives", "--fail").status == 1
    assert "50 % of days in 4 d" in terminal("tables", "objectives").out


def test_an_alert_is_shown_with_its_owner_and_what_is_left_of_its_budget(terminal: Terminal, store: Store) -> None:
    (alert,) = terminal("alerts", "list", "--json").json
    shown = terminal("alerts", "show", alert["id"], "--json").json
    assert (shown["owner"], shown["budget"]["remaining"]) == ("ops", 0.5)
    assert "50% of the error budget is left" in terminal("alerts", "show", alert["id"]).out


@pytest.mark.filterwarnings("always::trivium.tables.read.FlaggedData")
def test_a_query_of_flagged_rows_warns_on_stderr_and_prints_the_rows(terminal: Terminal, store: Store) -> None:
    said = terminal("tables", "query", "SELECT count(*) AS n FROM flights", "--json")
    assert said.json == [{"n": 1}]
    assert said.err.startswith("warning: flights version 1 is flagged")
