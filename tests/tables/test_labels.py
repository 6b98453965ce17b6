"""Labelling: which rows wait for whom, in which order, and that no answer is lost or given twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from trivium.errors import Misuse, NotFound, SchemaMismatch, VersionConflict
from trivium.settings import load_settings
from trivium.store.store import Store, connect, open_store, use_store
from trivium.tables.label_queue import Queue
from trivium.tables.labels import Labels
from trivium.tables.table import Table

ANNOTATOR = Path(__file__).with_name("answer_rows.py")
flights = Table("flights", key="flight", watch="off")
ROWS = pl.DataFrame(
    {"flight": [f"AA{number}" for number in range(6)], "late": [0.1, 0.45, 0.95, 0.7, None, 0.52], "note": ["n"] * 6}
)


def ask(**more: Any) -> Labels:
    """The question of these tests."""
    return Labels("causes", of=flights, question="Why late?", options=["weather", "carrier"], **more)


def drain(queue: Queue, value: str = "weather") -> list[str]:
    """Every row that the queue gives, answered."""
    rows = []
    while (asked := queue.take()) is not None:
        queue.answer(asked.row, value, seconds=1.5)
        rows.append(asked.row)
    return rows


def test_an_answer_is_a_row_of_a_table_like_any_other(store: Store) -> None:
    version = flights.append(ROWS).version
    labels = ask(show=["flight", "late"])
    asked = labels.queue("ada").take()
    assert asked is not None
    assert list(asked.values) == ["flight", "late"]
    commit = labels.queue("ada").answer(asked.row, "carrier", seconds=2.5)
    (row,) = labels.read().collect().to_dicts()
    assert commit.version == 1
    assert {**row, "flight": asked.row, "annotator": "ada", "value": "carrier", "seconds": 2.5} == row
    assert (row["source_version"], row["at"].tzinfo is not None) == (version, True)
    assert labels.spec.key == ("flight", "annotator")
    assert store.catalog.labels.list_claims("causes") == []


def test_each_row_is_asked_about_once_and_new_rows_wait_again(store: Store) -> None:
    flights.append(ROWS)
    labels = ask()
    assert sorted(drain(labels.queue("ada"))) == sorted(ROWS["flight"])
    assert labels.queue("ada").take() is labels.queue("bo").take() is None
    flights.append(ROWS.with_columns(flight="X" + pl.col("flight")))
    assert len(drain(labels.queue("bo"))) == 6
    assert labels.progress("ada") == replace(labels.progress(), mine=6)
    assert (labels.progress().rows, labels.progress().done, labels.progress().answers) == (12, 12, 12)


def test_what_the_model_knows_least_of_comes_first(store: Store) -> None:
    flights.append(ROWS)
    labels = ask(score="late")
    assert labels.asked.order == "uncertain"
    assert drain(labels.queue("ada")) == ["AA5", "AA1", "AA3", "AA0", "AA2", "AA4"]


def test_over_several_classes_the_highest_entropy_comes_first(store: Store) -> None:
    chances = {"a": [0.9, 0.34, 0.5, None], "b": [0.1, 0.33, 0.5, 0.2], "c": [0.0, 0.33, 0.0, 0.8]}
    flights.append(pl.DataFrame({"flight": ["sure", "lost", "torn", "none"], **chances}))
    assert drain(ask(score=["a", "b", "c"]).queue("ada")) == ["lost", "torn", "sure", "none"]


def test_a_models_scores_can_be_given_with_the_queue(store: Store) -> None:
    flights.append(ROWS)
    scores = pl.DataFrame({"flight": ["AA2", "AA0"], "score": [0.5, 0.6]})
    assert drain(ask().queue("ada", scores=scores))[:2] == ["AA2", "AA0"]


def test_a_score_that_is_no_probability_is_refused(store: Store) -> None:
    flights.append(ROWS.with_columns(late=pl.col("late") * 10))
    with pytest.raises(Misuse, match="'late' is no probability"):
        ask(score="late").queue("ada").take()
    with pytest.raises(SchemaMismatch, match="no column 'lat'"):
        ask(score="lat").queue("ada")


def test_random_is_the_same_for_everybody_and_another_with_another_seed(store: Store) -> None:
    flights.append(ROWS)
    labels = ask(per_row=3)
    first = drain(labels.queue("ada"))
    assert drain(labels.queue("bo")) == first
    assert drain(labels.queue("cy", seed=1)) != first


def test_rows_that_people_disagree_about_come_first(store: Store) -> None:
    flights.append(ROWS)
    labels = ask(per_row=3, order="disagreement")
    for row, values in {"AA3": ["weather", "carrier"], "AA1": ["weather", "weather"], "AA4": ["carrier"]}.items():
        for annotator, value in zip(("ada", "bo"), values, strict=False):
            labels.queue(annotator).answer(row, value)
    assert drain(labels.queue("cy"))[:3] == ["AA3", "AA1", "AA4"]


def test_each_row_is_answered_by_as_many_people_as_asked(store: Store) -> None:
    flights.append(ROWS)
    labels = ask(per_row=2)
    assert len(drain(labels.queue("ada"))) == len(drain(labels.queue("bo"), "carrier")) == 6
    assert labels.queue("cy").take() is None
    assert labels.agreement().kappas == {"ada, bo": 0.0}
    assert labels.consensus()["tied"].to_list() == [["carrier", "weather"]] * 6


def test_a_row_that_somebody_has_is_given_to_nobody_else(store: Store) -> None:
    flights.append(ROWS)
    labels = ask()
    queues = [labels.queue(f"person{number}") for number in range(7)]
    taken = [queue.take() for queue in queues]
    assert len({asked.row for asked in taken if asked}) == 6
    assert taken[6] is None
    assert taken[0] is not None
    with pytest.raises(VersionConflict, match="Nothing was stored"):
        queues[6].answer(taken[0].row, "weather")
    queues[0].release(taken[0].row)
    again = queues[6].take()
    assert again is not None
    assert again.row == taken[0].row


def test_a_lease_ends_and_an_answer_after_it_counts_only_if_it_is_still_needed(tmp_path: Path) -> None:
    now = [datetime(2024, 1, 1, tzinfo=UTC)]
    settings = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada", durability="fast")
    opened = open_store(settings, clock=lambda: now[0])
    with use_store(opened):
        flights.append(ROWS.head(2))
        labels = ask(lease="10m")
        ada, bo = labels.queue("ada"), labels.queue("bo")
        first, second = ada.take(), bo.take()
        assert first
        assert second
        assert bo.take(first.row) is None
        now[0] += timedelta(minutes=11)
        taken = bo.take(first.row)
        assert taken
        bo.answer(taken.row, "carrier")
        with pytest.raises(VersionConflict, match="longer than 10m"):
            ada.answer(first.row, "weather")
        bo.answer(second.row, "carrier")
        assert labels.answers()["annotator"].to_list() == ["bo", "bo"]
    opened.close()


def test_skipped_rows_do_not_come_back_in_the_same_queue(store: Store) -> None:
    flights.append(ROWS)
    labels = ask()
    queue = labels.queue("ada")
    first = queue.take()
    assert first
    queue.skip(first.row)
    assert first.row not in drain(queue)
    assert drain(labels.queue("ada")) == [first.row]


def test_an_answer_can_be_withdrawn_and_given_again(store: Store) -> None:
    flights.append(ROWS)
    labels = ask()
    queue = labels.queue("ada")
    assert queue.undo() is None
    first, second = (asked.row for asked in (queue.take(), queue.take()) if asked)
    queue.answer(first, "weather")
    queue.answer(second, "weather")
    assert queue.undo() == second
    assert labels.answers()["flight"].to_list() == [first]
    asked = queue.take(second)
    assert asked
    queue.answer(second, "weather")
    assert queue.undo() == second
    assert queue.undo() == first
    assert labels.answers().height == 0
    assert len(drain(queue)) == 6


def test_a_later_answer_of_the_same_person_replaces_the_first(store: Store) -> None:
    flights.append(ROWS)
    labels = ask()
    queue = labels.queue("ada")
    queue.answer("AA1", "weather")
    commits = queue.answer("AA1", "weather").version, queue.answer("AA1", "carrier").version
    assert commits == (1, 2)
    assert labels.read().collect()["value"].to_list() == ["carrier"]


def test_what_cannot_be_meant_is_refused(store: Store) -> None:
    flights.append(ROWS)
    labels = ask()
    with pytest.raises(Misuse, match="'rain' is not one of the options: weather, carrier"):
        labels.queue("ada").answer("AA1", "rain")
    with pytest.raises(NotFound, match="no row 'AA9'"):
        labels.queue("ada").answer("AA9", "weather")
    with pytest.raises(Misuse, match="no name"):
        labels.queue(" ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": ["a"]}, {"options": ["a", "a"]}, {"options": "ab"}, {"options": ["a", " "]}, {"question": " "},
        {"per_row": 0}, {"order": "best"}, {"lease": "soon"}, {"of": Table("plain")}, {"of": Table("t", key="value")},
    ],
)  # fmt: skip
def test_a_question_that_nobody_could_answer_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misuse):
        Labels("causes", **{"of": flights, "question": "Why?", "options": ["a", "b"], **wrong})


def test_keys_of_several_columns_and_of_times_are_told_apart(store: Store) -> None:
    legs = Table("legs", key=["flight", "day"], watch="off")
    days = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2)]
    legs.append(pl.DataFrame({"flight": [1, 1], "day": days}))
    labels = Labels("ok", of=legs, question="Fine?", options=["yes", "no"])
    rows = drain(labels.queue("ada"), "yes")
    assert sorted(rows) == ['["1", "2024-01-01 00:00:00+00:00"]', '["1", "2024-01-02 00:00:00+00:00"]']
    assert labels.consensus().sort("day")["day"].to_list() == days


def test_a_tie_has_no_value_and_shows_what_is_tied(store: Store) -> None:
    flights.append(ROWS)
    labels = ask(per_row=3)
    said = {"AA1": ["weather", "weather", "carrier"], "AA2": ["weather", "carrier"], "AA3": ["carrier"]}
    for row, values in said.items():
        for number, value in enumerate(values):
            labels.queue(f"person{number}").answer(row, value)
    assert labels.consensus().rows() == [
        ("AA1", "weather", 2, 3, []),
        ("AA2", None, 1, 2, ["carrier", "weather"]),
        ("AA3", "carrier", 1, 1, []),
    ]


def start(folder: Path, annotator: str, per_row: int, failpoint: str = "") -> subprocess.Popen[str]:
    """A person who answers everything there is, as a process of its own; acknowledgements come line by line."""
    command = [sys.executable, str(ANNOTATOR), str(folder), annotator, str(per_row)]
    environ = {"TRIVIUM_FAILPOINT": failpoint, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


@pytest.mark.parametrize(("per_row", "answers"), [(1, 12), (2, 24)])
def test_two_people_at_once_answer_every_row_and_none_too_often(tmp_path: Path, per_row: int, answers: int) -> None:
    with connect(tmp_path, actor="ada", durability="fast"):
        flights.append(pl.DataFrame({"flight": [f"AA{number}" for number in range(12)]}))
    people = [start(tmp_path, name, per_row) for name in ("ada", "bo")]
    said = [person.communicate() for person in people]
    assert [errors for _, errors in said] == ["", ""]
    with connect(tmp_path, actor="ada"):
        rows = ask(per_row=per_row).read().collect()
    told = {
        (line.split()[0], name) for (out, _), name in zip(said, ("ada", "bo"), strict=True) for line in out.splitlines()
    }
    assert rows.height == answers == len(told)
    assert set(rows.select("flight", "annotator").rows()) == told
    assert set(rows.group_by("flight").len()["len"]) == {per_row}
    assert {name for _, name in told} == {"ada", "bo"}


@pytest.mark.parametrize("place", ["labels:answered@3", "catalog:before_commit@9", "commit:staged@2"])
def test_a_person_who_is_killed_loses_no_answer_and_blocks_nobody_for_ever(tmp_path: Path, place: str) -> None:
    with connect(tmp_path, actor="ada", durability="fast"):
        flights.append(pl.DataFrame({"flight": [f"AA{number}" for number in range(6)]}))
    killed = start(tmp_path, "ada", 1, place)
    out, _ = killed.communicate()
    assert killed.returncode == -9
    acknowledged = {line.split()[0] for line in out.splitlines(keepends=True) if line.endswith("\n")}
    with connect(tmp_path, actor="ada"):
        kept = set(ask().answers()["flight"])
        assert acknowledged <= kept
        assert len(kept - acknowledged) <= 1
    assert start(tmp_path, "ada", 1).communicate()[1] == ""
    with connect(tmp_path, actor="ada"):
        rows = ask().read().collect()
    assert sorted(rows["flight"]) == [f"AA{number}" for number in range(6)]
