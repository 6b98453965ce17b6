"""`trivium alerts`, and the verbs of `trivium tables` that ask the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trivium.checks.kinds import coverage, rule
from trivium.store.store import Store, connect
from trivium.tables.table import Table

Terminal = Callable[..., Any]


@pytest.fixture
def store(terminal: Terminal, tmp_path: Path) -> Iterator[Store]:
    """The project's store, with the table `flights`: two good days, and a bad one that is quarantined."""
    terminal("init")
    flights = Table(
        "flights", key="id", time="at", watch="off", checks=[rule("distance > 0"), coverage("plane", at_least=0.9)]
    )
    with connect(tmp_path, actor="ada", durability="fast") as opened:
        flights.append(day(1) + day(2), store=opened)
        flights.append(day(3, distance=-1), store=opened)
        yield opened


def day(number: int, *, distance: int = 100, plane: str | None = "N1") -> list[dict[str, Any]]:
    """Ten flights of a day in May."""
    return [
        {
            "id": number * 100 + each,
            "at": datetime(2024, 5, number, each, tzinfo=UTC),
            "distance": distance,
            "plane": plane,
        }
        for each in range(10)
    ]


@pytest.fixture
def alert(terminal: Terminal, store: Store) -> dict[str, Any]:
    """The alert of the bad day."""
    (found,) = terminal("alerts", "list", "--json").json
    return dict(found)


def test_an_alert_is_listed_with_the_stable_keys(alert: dict[str, Any]) -> None:
    wanted = {"table": "flights", "partition": "2024-05-03", "state": "open", "verdict": None}
    assert {**alert, **wanted} == alert
    assert {"id", "column", "check"} <= alert.keys()


def test_lists_can_be_narrowed(terminal: Terminal, alert: dict[str, Any]) -> None:
    assert terminal("alerts", "list", "--table", "flights", "--state", "open", "--json").json == [alert]
    assert terminal("alerts", "list", "--state", "resolved", "--json").json == []
    assert terminal("alerts", "list", "--partition", "2024-05-01", "--json").json == []


def test_an_alert_is_shown_with_its_evidence(terminal: Terminal, alert: dict[str, Any]) -> None:
    shown = terminal("alerts", "show", alert["id"], "--json").json
    assert shown == {**alert, "owner": None, "budget": None, "impact": []}
    said = terminal("alerts", "show", alert["id"][:22])
    assert alert["message"] in said.out
    assert "failing rows  10" in said.out


def test_a_confirmed_alert_stays_open_and_a_dismissed_one_does_not(terminal: Terminal, alert: dict[str, Any]) -> None:
    confirmed = terminal("alerts", "confirm", alert["id"], "--because", "a broken sensor", "--json").json
    assert (confirmed["state"], confirmed["verdict"]) == ("open", "true_alarm")
    assert (confirmed["verdict_by"], confirmed["verdict_because"]) == ("ada", "a broken sensor")
    dismissed = terminal("alerts", "dismiss", alert["id"], "--because", "was planned", "--json").json
    assert (dismissed["state"], dismissed["verdict"]) == ("resolved", "false_alarm")


def test_a_verdict_needs_a_reason(terminal: Terminal, alert: dict[str, Any]) -> None:
    assert terminal("alerts", "dismiss", alert["id"]).status == 2


def test_a_quarantined_commit_is_released_or_discarded_once(terminal: Terminal, alert: dict[str, Any]) -> None:
    said = terminal("tables", "release", alert["commit"], "--because", "we know", "--json")
    assert (said.json["state"], said.json["version"]) == ("flagged", 2)
    assert terminal("tables", "discard", alert["commit"], "--because", "after all").status == 2
    assert terminal("alerts", "list", "--state", "open", "--json").json == []


def test_rows_that_would_fail_exit_with_one_and_are_not_committed(terminal: Terminal, store: Store) -> None:
    pl.DataFrame(day(4, plane=None)).write_parquet("late.parquet")
    said = terminal("tables", "check", "flights", "late.parquet")
    assert said.status == 1
    assert "plane" in said.out
    assert len(terminal("tables", "log", "flights", "--json").json) == 2


def test_the_newest_commit_passes_again(terminal: Terminal, store: Store) -> None:
    assert terminal("tables", "check", "flights").status == 0
    rows = terminal("tables", "check", "flights", "--json").json
    assert {row["partition"] for row in rows} == {"2024-05-01", "2024-05-02"}


def test_importing_bad_rows_exits_with_one_and_says_what_next(terminal: Terminal, store: Store) -> None:
    pl.DataFrame(day(5, distance=-5)).write_parquet("bad.parquet")
    said = terminal("tables", "import", "flights", "bad.parquet")
    assert said.status == 1
    assert "trivium tables release" in said.err


def test_a_backtest_judges_every_published_partition(terminal: Terminal, store: Store) -> None:
    rows = terminal("tables", "backtest", "flights", "--faults", "none", "--json").json["partitions"]
    assert [(row["partition"], row["state"]) for row in rows] == [("2024-05-01", "valid"), ("2024-05-02", "valid")]
    assert "2 partitions of flights: 2 valid" in terminal("tables", "backtest", "flights").out


def test_a_backtest_names_the_faults_that_there_are(terminal: Terminal, store: Store) -> None:
    said = terminal("tables", "backtest", "flights", "--faults", "gremlins")
    assert said.status == 2
    assert "null_spike" in said.err


def test_a_profile_shows_each_column_over_time(terminal: Terminal, store: Store) -> None:
    profile = terminal("tables", "profile", "flights", "--json").json
    assert profile["partitions"] == ["2024-05-01", "2024-05-02"]
    distance = next(column for column in profile["columns"] if column["name"] == "distance")
    assert distance["history"]["median"] == [100.0, 100.0]
    assert "median" in terminal("tables", "profile", "flights", "--column", "distance").out


def test_an_alert_is_drawn_into_one_file(terminal: Terminal, alert: dict[str, Any], tmp_path: Path) -> None:
    said = terminal("alerts", "show", alert["id"], "--html", "alert.html")
    assert (said.status, said.out.split()[:2]) == (0, ["Wrote", "alert.html"])
    page = unescape((tmp_path / "alert.html").read_text("utf-8"))
    assert page.startswith("<!doctype html>")
    assert alert["message"] in page
    assert "2024-05-03" in page


def test_json_stays_alone_on_stdout_when_a_file_is_written_too(terminal: Terminal, alert: dict[str, Any]) -> None:
    assert terminal("alerts", "show", alert["id"], "--html", "a.html", "--json").json["id"] == alert["id"]
    assert terminal("tables", "profile", "flights", "--html", "t.html", "--json").json["table"] == "flights"
    assert Path("a.html").stat().st_size > 0
    assert Path("t.html").stat().st_size > 0


def test_a_profile_is_drawn_into_one_file(terminal: Terminal, store: Store, tmp_path: Path) -> None:
    assert terminal("tables", "profile", "flights", "--html", "profile.html").status == 0
    page = (tmp_path / "profile.html").read_text("utf-8")
    assert "distance" in page
    assert "2024-05-03" in page, "the day that was kept aside is drawn as well"
    one = terminal("tables", "profile", "flights", "--column", "plane", "--html", "plane.html")
    assert one.status == 0
    assert "distance" not in (tmp_path / "plane.html").read_text("utf-8")


def test_a_file_that_cannot_be_written_is_misuse(terminal: Terminal, store: Store) -> None:
    said = terminal("tables", "profile", "flights", "--html", "nowhere/profile.html")
    assert said.status == 2
    assert "nowhere/profile.html cannot be written" in said.err


def test_a_column_that_is_not_there_has_no_picture(terminal: Terminal, store: Store, tmp_path: Path) -> None:
    said = terminal("tables", "profile", "flights", "--column", "nothing", "--html", "nothing.html")
    assert (said.status, said.out) == (2, "")
    assert said.err == "error: Table 'flights' has no column 'nothing'; it has id, at, distance, plane.\n"
    assert not (tmp_path / "nothing.html").exists()


@pytest.fixture
def storm(terminal: Terminal, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The learned alert of a storm, after twenty calm days of wind."""
    terminal("init")
    rng = np.random.default_rng(0)
    levels = [10.0 + each % 3 / 10 for each in range(20)] + [16.0]
    days = [
        pl.DataFrame(
            {
                "id": [f"{day}-{each}" for each in range(50)],
                "at": [datetime(2024, 5, day, each % 24, tzinfo=UTC) for each in range(50)],
                "wind": rng.normal(level, 1, 50),
            }
        )
        for day, level in enumerate(levels, 1)
    ]
    weather = Table("weather", key="id", time="at")
    with connect(tmp_path, actor="ada", durability="fast") as opened:
        weather.append(pl.concat(days[:-1]), store=opened)
        weather.append(days[-1], store=opened)
        (found,) = terminal("alerts", "list", "--table", "weather", "--json").json
        yield dict(found)


def test_a_dismissal_tells_the_band_before_and_after(terminal: Terminal, storm: dict[str, Any]) -> None:
    said = terminal("alerts", "dismiss", storm["id"], "--because", "a storm").out
    assert "`wind`, median: expected " in said
    assert "times as wide as learned" in said
    again = terminal("alerts", "confirm", storm["id"], "--because", "a sensor", "--json").json
    lead = again["retuned"][0]
    assert (lead["columns"], lead["fact"], lead["factor_after"]) == (["wind"], "median", 1.0)
    assert lead["after"][1] < storm["evidence"]["observed"] < lead["before"][1]
    assert "No band changes" in terminal("alerts", "confirm", storm["id"], "--because", "as I said").out


def test_a_declared_check_is_not_retuned_and_says_so(terminal: Terminal, alert: dict[str, Any]) -> None:
    said = terminal("alerts", "dismiss", alert["id"], "--because", "was planned").out
    assert "A declared check is never re-tuned" in said
    assert terminal("alerts", "dismiss", alert["id"], "--because", "was planned", "--json").json["retuned"] == []


def test_the_noise_report_tells_weeks_precision_and_what_was_widened(terminal: Terminal, storm: dict[str, Any]) -> None:
    before = terminal("tables", "noise", "weather").out
    assert "Answered: 0 of 1 (0 %). True, of those: 0 of 0." in before
    assert "Nobody answered an alert yet" in before
    terminal("alerts", "dismiss", storm["id"], "--because", "a storm")
    after = terminal("tables", "noise").out
    assert "True, of those: 0 of 1 (0 %, 0 % to 79 %)." in after
    assert "What verdicts widened" in after
    noise = terminal("tables", "noise", "--weeks", "3", "--json").json
    assert (len(noise["weeks"]), noise["alerts"], noise["precision"]["hits"]) == (3, 1, 0)
    assert {each["family"] for each in noise["widened"]} >= {"place"}
    assert terminal("tables", "noise", "nothing").status != 0


def test_a_noise_report_without_alarms_is_quiet(terminal: Terminal) -> None:
    terminal("init")
    assert "Answered: 0 of 0." in terminal("tables", "noise").out
