"""`trivium tables label`, in scripts and on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.register import register
from trivium.store.store import connect
from trivium.tables.read import read_version
from trivium.tables.table import Table

Terminal = Callable[..., Any]
NEW = ("--of", "flights", "--question", "Why was it late?", "--option", "weather", "--option", "carrier")


@pytest.fixture
def flights(terminal: Terminal, tmp_path: Path) -> Path:
    """A project with five flights; nothing is asked about them yet."""
    terminal("init")
    rows = pl.DataFrame({"flight": [f"AA{number}" for number in range(5)], "delay": [5, 61, 7, 80, 2]})
    with connect(tmp_path, actor="ada", durability="fast"):
        Table("flights", key="flight", watch="off").append(rows)
    return tmp_path


def answers(folder: Path) -> list[tuple[str, str, str]]:
    with connect(folder, actor="ada") as store:
        if store.catalog.tables.find_version("causes") is None:
            return []
        return read_version(store, "causes").select("flight", "annotator", "value").collect().sort("flight").rows()


def test_a_script_asks_for_the_next_row_and_answers_it(terminal: Terminal, flights: Path) -> None:
    asked = terminal("tables", "label", "causes", *NEW, "--next", "--json").json
    assert (asked["question"], asked["options"], asked["annotator"]) == (NEW[3], ["weather", "carrier"], "ada")
    assert set(asked["values"]) == {"flight", "delay"}
    other = terminal("tables", "label", "causes", "--next", "--json", "--annotator", "bo").json
    assert other["row"] != asked["row"]
    said = terminal("tables", "label", "causes", "--answer", f"{asked['row']}=weather", "--json").json
    assert said == [{"row": asked["row"], "value": "weather", "annotator": "ada", "version": 1}]
    both = terminal("tables", "label", "causes", "--answer", f"{other['row']}=carrier", "--annotator", "bo", "--next",
                    "--json").json  # fmt: skip
    assert both["next"]["row"] not in (asked["row"], other["row"])
    assert answers(flights) == sorted([(asked["row"], "ada", "weather"), (other["row"], "bo", "carrier")])


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--order", "uncertain"), "add --score COLUMN or --model NAME"),
        (("--model", "nobody"), "There is no model 'nobody'"),
        (("--show", "speed"), "Table 'flights' has no column 'speed'"),
    ],
)
def test_a_question_that_cannot_be_put_is_not_on_record(
    terminal: Terminal, flights: Path, more: tuple[str, str], problem: str
) -> None:
    assert problem in terminal("tables", "label", "causes", *NEW, *more, "--next").err
    assert [row["name"] for row in terminal("tables", "list", "--json").json] == ["flights"]
    assert terminal("tables", "label", "causes", *NEW, "--next", "--json").json["values"]


def test_when_no_row_waits_a_script_gets_null(terminal: Terminal, flights: Path) -> None:
    words = [word for number in range(5) for word in ("--answer", f"AA{number}=weather")]
    assert len(terminal("tables", "label", "causes", *NEW, *words, "--json").json) == 5
    assert terminal("tables", "label", "causes", "--next", "--json").json is None
    assert "No row waits for you" in terminal("tables", "label", "causes", "--next").out


def test_a_summary_tells_progress_agreement_and_ties(terminal: Terminal, flights: Path) -> None:
    for annotator, value in (("ada", "weather"), ("bo", "carrier")):
        for row in ("AA1", "AA3"):
            said = value if row == "AA1" else "weather"
            terminal("tables", "label", "causes", *(NEW if (annotator, row) == ("ada", "AA1") else ()), "--per-row",
                     "2", "--annotator", annotator, "--answer", f"{row}={said}")  # fmt: skip
    facts = terminal("tables", "label", "causes", "--summary", "--json").json
    assert (facts["rows"], facts["done"], facts["answers"], facts["mine"]) == (5, 2, 4, 2)
    assert (facts["agreeing"], facts["kappas"], facts["values"]) == (0.5, {"ada, bo": 0.0}, {"weather": 1})
    assert facts["ties"] == [{"flight": "AA1", "tied": ["carrier", "weather"], "answers": 2}]
    assert "carrier, weather" in terminal("tables", "label", "causes", "--summary").out


def test_the_question_may_be_declared_in_the_projects_files(terminal: Terminal, flights: Path) -> None:
    (flights / "pipeline.py").write_text(
        "import trivium as tv\nflights = tv.Table('flights', key='flight', watch='off')\n"
        "causes = tv.Labels('causes', of=flights, question='Why?', options=['a=b', 'b'], show=['delay'])\n"
    )
    (flights / "trivium.toml").write_text('pipelines = ["pipeline.py"]\n')
    assert list(terminal("tables", "label", "causes", "--next", "--json").json["values"]) == ["delay"]
    assert terminal("tables", "label", "causes", "--answer", "AA1=a=b").status == 0
    assert answers(flights) == [("AA1", "ada", "a=b")]


def test_what_the_model_knows_least_of_is_asked_first(terminal: Terminal, flights: Path) -> None:
    chance = np.random.default_rng(1)
    rows = pl.DataFrame({"delay": chance.integers(0, 120, 400)})
    late = rows["delay"].to_numpy() + chance.normal(0, 20, 400) > 62
    with connect(flights, actor="ada", durability="fast"):
        model = Model(LogisticRegression().fit(rows, late), rows)
        register("late", model, evaluate(model, rows.with_columns(late=pl.Series(late)), target="late"))
    asked = terminal("tables", "label", "causes", *NEW, "--model", "late", "--next", "--json").json
    assert asked["row"] == "AA1"


@pytest.mark.parametrize(
    ("words", "story"),
    [
        (("--answer", "AA1=rain"), "'rain' is not one of the options"),
        (("--answer", "AA1"), "is no answer"),
        (("--answer", "AA9=weather"), "no row 'AA9'"),
        (("--question", "Why?"), "has its question already"),
        ((), "no terminal to ask in"),
    ],
)
def test_what_cannot_be_meant_is_misuse(terminal: Terminal, flights: Path, words: tuple[str, ...], story: str) -> None:
    terminal("tables", "label", "causes", *NEW, "--next")
    said = terminal("tables", "label", "causes", *words)
    assert said.status == 2
    assert story in said.err


def test_an_unknown_question_says_how_to_ask_one(terminal: Terminal, flights: Path) -> None:
    assert "Nothing is asked in a table 'causes'" in terminal("tables", "label", "causes", "--next").err
    assert "also needs --question, --option" in terminal("tables", "label", "causes", "--of", "flights").err


class Person:
    """Somebody at a terminal of their own, who reads until a text comes and presses keys."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.screen, inner = pty.openpty()
        command = [sys.executable, "-m", "trivium", "tables", "label", "causes", *words]
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "TRIVIUM_DURABILITY": "full"}
        self.process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, cwd=folder, env=environ)
        os.close(inner)
        self.seen = ""

    def wait_for(self, text: str) -> str:
        """Everything that was shown up to this text, since it was last waited for something."""
        end = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} never came; there is: {self.seen!r}"
            if select.select([self.screen], [], [], 0.5)[0]:
                self.seen += self._read()
        shown, _, self.seen = self.seen.partition(text)
        return shown

    def press(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def _read(self) -> str:
        try:
            return os.read(self.screen, 65536).decode()
        except OSError as error:  # Linux says so when the other side is closed
            raise AssertionError(f"the program ended; there is: {self.seen!r}") from error

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.screen)


@pytest.fixture
def sit_down(flights: Path) -> Iterator[Callable[..., Person]]:
    """Starts the labelling of this project on a terminal."""
    people: list[Person] = []

    def start(*words: str) -> Person:
        people.append(Person(flights, *words))
        return people[-1]

    yield start
    for person in people:
        person.close()


def test_a_person_answers_skips_undoes_and_quits(sit_down: Callable[..., Person], flights: Path) -> None:
    person = sit_down(*NEW, "--annotator", "grace")
    shown = person.wait_for("[q] quit")
    assert "0 of 5 rows done, 0 by grace" in shown
    assert "Why was it late?" in shown
    assert "delay" in shown
    assert "[1] weather   [2] carrier   [s] skip   [u] undo" in shown
    person.press("x2")  # a key that means nothing is passed over
    person.wait_for("carrier: stored (version 1)")
    assert "1 of 5 rows done, 1 by grace" in person.wait_for("[q] quit")
    person.press("s")
    person.wait_for("skipped")
    person.wait_for("[q] quit")
    person.press("1")
    person.wait_for("weather: stored (version 2)")
    person.wait_for("[q] quit")
    person.press("u")
    person.wait_for("withdrawn: the answer to AA")
    person.wait_for("[q] quit")
    person.press("2")
    person.wait_for("carrier: stored (version 4)")
    person.wait_for("[q] quit")
    person.press("q")
    person.wait_for("2 answers stored.")
    assert person.process.wait(20) == 0
    assert [(annotator, value) for _, annotator, value in answers(flights)] == [("grace", "carrier")] * 2
    with connect(flights, actor="ada") as store:
        assert store.catalog.labels.list_claims("causes") == []


def test_keys_typed_ahead_answer_every_row(sit_down: Callable[..., Person], flights: Path) -> None:
    person = sit_down(*NEW)
    person.wait_for("[q] quit")
    person.press("11211")
    person.wait_for("5 answers stored. No row waits for you.")
    assert person.process.wait(20) == 0
    assert sorted(value for _, _, value in answers(flights)) == ["carrier", *["weather"] * 4]


def test_a_kill_loses_no_answer_that_was_told_to_be_stored(sit_down: Callable[..., Person], flights: Path) -> None:
    person = sit_down(*NEW)
    for version in (1, 2):
        person.wait_for("[q] quit")
        person.press("1")
        person.wait_for(f"stored (version {version})")
    person.process.send_signal(signal.SIGKILL)
    person.process.wait()
    assert len(answers(flights)) == 2


def test_who_leaves_by_interrupt_gives_the_row_back(sit_down: Callable[..., Person], flights: Path) -> None:
    person = sit_down(*NEW)
    person.wait_for("[q] quit")
    person.process.send_signal(signal.SIGINT)
    assert person.process.wait(20) != 0
    with connect(flights, actor="ada") as store:
        assert store.catalog.labels.list_claims("causes") == []
