"""Rows that a rule takes out of a commit: the others are published, these are kept aside, and none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.checks.kinds import coverage, rule
from trivium.errors import Misuse, VersionConflict
from trivium.store.store import Store, connect
from trivium.tables.backtest import check_rows
from trivium.tables.gc import collect_garbage
from trivium.tables.joint import commit_together
from trivium.tables.read import FlaggedData
from trivium.tables.table import Table
from trivium.values.tables import Commit

Readings = Callable[..., pl.DataFrame]
SCRIPT = Path(__file__).with_name("divert_rows.py")
KILLED = -9
POSITIVE = rule("x > 0", severity="divert")
TABLE = Table("readings", key="id", time="at", checks=[POSITIVE], watch="off")
DAYS: list[str | None] = ["2024-01-01 10:00:00", "2024-01-01 11:00:00", "2024-01-02 10:00:00"]
flagged = pytest.mark.filterwarnings("ignore::trivium.tables.read.FlaggedData")


def ids(rows: pl.LazyFrame) -> list[int]:
    return sorted(rows.collect()["id"].to_list())


def aside(table: Table = TABLE) -> list[list[int]]:
    return [ids(table.read_commit(each.id)) for each in table.list_quarantined()]


@flagged
def test_the_rows_that_fail_are_kept_aside_and_the_others_are_read(store: Store, readings: Readings) -> None:
    commit = TABLE.append(readings([1, -2, 3], DAYS))
    assert (commit.state, commit.version, commit.rows) == ("flagged", 1, 2)
    assert ids(TABLE.read()) == [1, 3]
    (kept,) = TABLE.list_quarantined()
    assert (kept.diverted_from, kept.rows, kept.partitions) == (commit.id, 1, ("2024-01-01",))
    assert kept.because == "x > 0: 1 of 2 rows fail and are kept aside"
    assert aside() == [[-2]]


@flagged
def test_a_row_for_which_a_rule_is_null_or_another_rule_fails_is_diverted_too(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[POSITIVE, rule("y = 'a'", severity="divert")], watch="off")
    table.append(
        readings([1, 2, 3, -4], [*DAYS, DAYS[0]], y=["a", None, "b", "a"]).vstack(readings([5], DAYS[2:], y=["a"]))
    )
    assert ids(table.read()) == [1, 5]
    assert aside(table) == [[-4, 2, 3]]
    assert {alert.column for alert in store.catalog.alerts.list_alerts()} == {"x", "y"}


@pytest.mark.parametrize(("text", "state"), [("1 = 1", "valid"), ("1 = 0", "quarantined")])
def test_a_rule_that_names_no_column_diverts_nothing(store: Store, readings: Readings, text: str, state: str) -> None:
    table = Table("readings", key="id", time="at", checks=[rule(text, severity="divert")], watch="off")
    assert table.append(readings([1, 2, 3], DAYS)).state == state


@flagged
def test_a_rule_that_cannot_be_evaluated_does_not_keep_another_from_diverting(store: Store, readings: Readings) -> None:
    loud = rule("CAST(y AS INTEGER) > 0", severity="warn")
    table = Table("readings", key="id", time="at", checks=[POSITIVE, loud], watch="off")
    assert table.append(readings([1, -2, 3], DAYS, y=["1", "2", "many"])).state == "flagged"
    assert aside(table) == [[-2]]


def test_rows_that_all_pass_divert_nothing(store: Store, readings: Readings) -> None:
    assert TABLE.append(readings([1, 2, 3], DAYS)).state == "valid"
    assert TABLE.list_quarantined() == []
    assert store.catalog.alerts.list_alerts() == []


def test_a_partition_of_nothing_but_failing_rows_keeps_the_whole_commit_aside(store: Store, readings: Readings) -> None:
    commit = TABLE.append(readings([1, 2, -3], DAYS))
    assert (commit.state, commit.diverted_from) == ("quarantined", None)
    assert aside() == [[-3, 1, 2]]
    assert store.catalog.alerts.list_blocking(["readings"]) == []


def test_what_else_is_wrong_keeps_the_rows_that_pass_aside_as_well(store: Store, readings: Readings) -> None:
    table = Table("readings", key="id", time="at", checks=[POSITIVE, coverage("y")], watch="off")
    commit = table.append(readings([1, -2, 3], DAYS, y=[None, 1, 1]))
    assert commit.state == "quarantined"
    assert sorted(aside(table)) == [[-2], [1, 3]]
    assert [alert.severity for alert in store.catalog.alerts.list_blocking(["readings"])] == ["block"]


@flagged
def test_the_rows_that_were_diverted_are_released_and_discarded(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, -2, 3], DAYS))
    TABLE.append(readings([4, -5], DAYS[:2]))
    first, second = TABLE.list_quarantined()
    assert TABLE.release(first.id, because="they are debts").state == "flagged"
    assert TABLE.discard(second.id, because="noise").state == "discarded"
    assert ids(TABLE.read()) == [-2, 1, 3, 4]
    assert TABLE.list_quarantined() == []
    assert {alert.state for alert in store.catalog.alerts.list_alerts()} == {"resolved"}
    for settled in (first, second):
        with pytest.raises(Misuse, match="only a quarantined one is settled"):
            TABLE.release(settled.id, because="again")
        with pytest.raises(Misuse, match="only a quarantined one is settled"):
            TABLE.discard(settled.id, because="again")


def test_a_partition_that_was_given_anew_does_not_get_its_diverted_rows_back(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, -2], DAYS[:2]))
    assert TABLE.overwrite(readings([1, 2], DAYS[:2])).state == "valid"
    assert ids(TABLE.read()) == [1, 2]
    (kept,) = TABLE.list_quarantined()
    assert kept.written_since == 2
    with pytest.raises(VersionConflict, match="was given anew in version 2"):
        TABLE.release(kept.id, because="late")


def test_readers_are_told_until_the_diverted_rows_are_settled(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, -2], DAYS[:2]))
    TABLE.append(readings([3], DAYS[2:]))
    with pytest.warns(FlaggedData, match="version 2 is flagged: x > 0: 1 of 2 rows fail and are kept aside"):
        TABLE.read()
    TABLE.discard(TABLE.list_quarantined()[0].id, because="noise")
    assert ids(TABLE.read()) == [1, 3]


@flagged
def test_a_person_is_erased_from_the_diverted_rows_too(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, -2, -3], [DAYS[0]] * 3))
    TABLE.erase("id = -2", because="ticket 12")
    assert aside() == [[-3]]
    TABLE.release(TABLE.list_quarantined()[0].id, because="they are debts")
    assert ids(TABLE.read()) == [-3, 1]


def test_an_upsert_diverts_nothing_for_its_rows_replace_others(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, 2], DAYS[:2]))
    commit = TABLE.upsert(readings([2, -3], DAYS[1:]))
    assert (commit.state, commit.diverted_from) == ("quarantined", None)
    assert ids(TABLE.read()) == [1, 2]


@flagged
def test_what_is_committed_together_diverts_in_each_table(store: Store, readings: Readings) -> None:
    other = Table("other", watch="off")
    commits = commit_together({TABLE: readings([1, -2], DAYS[:2]), other: readings([7], DAYS[:1])})
    assert [commit.version for commit in commits] == [1, 1]
    assert aside() == [[-2]]


def test_a_rehearsal_tells_what_would_be_diverted_and_commits_nothing(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], DAYS[:1]))
    (judgement,) = check_rows(store, "readings", readings([1, -2], DAYS[:2]))
    assert (judgement.state, judgement.profile.rows) == ("flagged", 1)
    assert TABLE.list_quarantined() == []


def test_values_about_persons_are_masked_in_the_alert_and_kept_in_the_row(store: Store, readings: Readings) -> None:
    table = Table(
        "readings", key="id", time="at", checks=[rule("mail LIKE '%@%'", severity="divert")], pii="mail", watch="off"
    )
    table.append(readings([1, 2], DAYS[:2], mail=["a@b", "secret"]))
    (alert,) = store.catalog.alerts.list_alerts()
    assert "secret" not in str(alert)
    assert table.read_commit(str(alert.commit)).collect()["mail"].to_list() == ["secret"]


def test_a_diverting_rule_that_cannot_be_evaluated_keeps_the_commit_aside(store: Store, readings: Readings) -> None:
    table = Table(
        "readings", key="id", time="at", checks=[rule("CAST(y AS INTEGER) > 0", severity="divert")], watch="off"
    )
    commit = table.append(readings([1, 2], DAYS[:2], y=["1", "many"]))
    assert (commit.state, commit.diverted_from) == ("quarantined", None)


@pytest.mark.parametrize("check", [coverage("x", severity="divert")])
def test_only_a_rule_says_which_rows_to_divert(check: object) -> None:
    with pytest.raises(Misuse, match="only a rule says which rows to divert"):
        Table("readings", checks=[check])  # type: ignore[list-item] # what a user may try


@flagged
@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.lists(st.sampled_from([1.0, -1.0, float("nan"), None]), min_size=1, max_size=6), min_size=1, max_size=4)
)
def test_every_row_is_published_or_kept_aside_and_none_is_in_both(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[float | None]]
) -> None:
    with connect(tmp_path_factory.mktemp("divert"), actor="ada", durability="fast") as store:
        table = Table("values", checks=[POSITIVE], watch="off")
        number = 0
        made: list[Commit] = []
        for values in commits:
            names = list(range(number, number + len(values)))
            number += len(values)
            rows = pl.DataFrame({"id": names, "x": values}, schema={"id": pl.Int64, "x": pl.Float64})
            made.append(table.append(rows, store=store))
        published = ids(table.read(store=store)) if any(each.version for each in made) else []
        kept = [
            each
            for part in table.list_quarantined(store=store)
            for each in ids(table.read_commit(part.id, store=store))
        ]
        assert sorted(published + kept) == list(range(number))


@flagged
@pytest.mark.parametrize(
    "failpoint",
    ["file:written@2", "file:written@4", "commit:staged@1", "commit:staged@3", "catalog:before_commit@2",
     "catalog:before_commit@3", "catalog:after_commit@2", "catalog:after_commit@3"],
)  # fmt: skip
def test_a_writer_killed_while_it_diverts_loses_nothing_and_doubles_nothing(tmp_path: Path, failpoint: str) -> None:
    writer = start(tmp_path, 4, failpoint)
    output, errors = writer.communicate()
    assert (writer.returncode, errors) == (KILLED, "")
    acknowledged = len(output.splitlines())
    assert acknowledged <= check_whole(tmp_path) <= acknowledged + 1
    again = start(tmp_path, 4)
    assert again.communicate()[1] == ""
    assert check_whole(tmp_path) == 4


def start(folder: Path, commits: int, failpoint: str = "") -> subprocess.Popen[str]:
    """The writer as a process of its own, which dies at this place."""
    environ = {**os.environ, "TRIVIUM_FAILPOINT": failpoint}
    command = [sys.executable, str(SCRIPT), str(folder), str(commits)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def check_whole(folder: Path) -> int:
    """How many commits are there, each whole: its good row is published, and its bad one kept aside."""
    with connect(folder, actor="ada") as store:
        table = Table("readings")
        if not store.catalog.tables.newest_version("readings"):
            assert not store.catalog.tables.list_quarantined()
            return 0
        collect_garbage(store, grace=timedelta(0))
        good = table.read(store=store).collect()["id"].to_list()
        parts = table.list_quarantined(store=store)
        bad = [name for part in parts for name in table.read_commit(part.id, store=store).collect()["id"]]
        assert sorted(good) == [f"{number}-good" for number in range(len(good))]
        assert sorted(bad) == [f"{number}-bad" for number in range(len(good))]
        assert store.catalog.events.verify().problems == ()
        return len(good)
