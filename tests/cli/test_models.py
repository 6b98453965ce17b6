"""`trivium models`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from trivium.checks.metric import metric
from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.register import register
from trivium.store.store import connect
from trivium.tables.table import Table
from trivium.tracking.run import run

Terminal = Callable[..., Any]


def make_rows(seed: int) -> pl.DataFrame:
    """Parcels of two depots; the heavier, the later."""
    chance = np.random.default_rng(seed)
    weight = chance.normal(size=600)
    late = weight + chance.normal(size=600) > 0
    return pl.DataFrame({"weight": weight, "stops": chance.random(600), "depot": ["n", "s"] * 300, "late": late})


@pytest.fixture
def registered(terminal: Terminal, tmp_path: Path) -> Path:
    """A project in which ada registered a good version 1 and a version 2 that cannot pass its gate."""
    terminal("init")
    past, exam = make_rows(1), make_rows(2)
    inputs = past.select("weight", "stops")
    good = Model(LogisticRegression().fit(inputs, past["late"]), inputs)
    bad = Model(LogisticRegression(C=0.01).fit(inputs, ~past["late"]), inputs)
    with connect(tmp_path, actor="ada", durability="fast"):
        for model in (good, bad):
            report = evaluate(model, exam, target="late", slices=["depot"], against=past)
            register("parcels", model, report, gate=[metric("auc", at_least=0.6)])
    return tmp_path


def test_every_version_is_listed_with_the_stable_keys(terminal: Terminal, registered: Path) -> None:
    rows = terminal("models", "list", "--json").json
    assert [(row["name"], row["version"], row["aliases"], row["score"]) for row in rows] == [
        ("parcels", 2, [], None),
        ("parcels", 1, [], None),
    ]
    assert terminal("models", "list", "nothing", "--json").json == []


def test_a_model_whose_inputs_have_newer_versions_is_told_as_stale(terminal: Terminal, tmp_path: Path) -> None:
    terminal("init")
    parcels = Table("parcels", watch="off")
    with connect(tmp_path, actor="ada", durability="fast") as store:
        parcels.append(make_rows(1), store=store)
        with run("train", store=store):
            rows = parcels.read(store=store).collect()
            inputs = rows.select("weight", "stops")
            model = Model(LogisticRegression().fit(inputs, rows["late"]), inputs)
            register("late", model, evaluate(model, make_rows(2), target="late"))
        assert terminal("models", "list", "--stale").out == "No model is stale.\n"
        assert "Not stale" in terminal("models", "card", "late").out
        parcels.append(make_rows(3), store=store)
    (row,) = terminal("models", "list", "--stale", "--json").json
    assert [(each["table"], each["read"], each["newest"]) for each in row["stale"]] == [("parcels", 1, 2)]
    assert terminal("models", "show", "late", "--json").json["stale"] == row["stale"]
    assert "stale: inputs have newer versions" in terminal("models", "show", "late").out
    assert (
        "Stale, since what it learnt from has newer versions: parcels 1 → 2" in terminal("models", "card", "late").out
    )


def test_a_version_is_shown_with_inputs_gate_and_approvals(terminal: Terminal, registered: Path) -> None:
    facts = terminal("models", "show", "parcels", "1", "--json").json
    assert [column["name"] for column in facts["signature"]] == ["weight", "stops"]
    assert facts["gate"]["passed"] is True
    said = terminal("models", "show", "parcels", "1").out
    assert "gate: passed" in said
    assert "auc >= 0.6" in said


def test_a_gate_that_fails_exits_with_one(terminal: Terminal, registered: Path) -> None:
    assert terminal("models", "gate", "parcels", "1").status == 0
    said = terminal("models", "gate", "parcels", "2", "--json")
    assert said.status == 1
    assert said.json["passed"] is False
    assert "auc >= 0.6" in said.err


def test_promotion_needs_a_second_person_and_a_reason(terminal: Terminal, registered: Path) -> None:
    assert terminal("models", "promote", "parcels", "1").status == 2
    assert terminal("models", "promote", "parcels", "1", "--because", "good").status == 1
    assert terminal("models", "approve", "parcels", "1", "--because", "mine").status == 1
    assert terminal("--actor", "grace", "models", "approve", "parcels", "1", "--because", "even").status == 0
    promoted = terminal("models", "promote", "parcels", "1", "--because", "good", "--json").json
    assert promoted["aliases"] == ["champion"]
    assert terminal("models", "show", "parcels", "champion", "--json").json["version"] == 1


def test_a_failed_gate_is_overridden_on_record_and_rolled_back(terminal: Terminal, registered: Path) -> None:
    for version in ("1", "2"):
        override = ["--override"] if version == "2" else []
        terminal("--actor", "grace", "models", "approve", "parcels", version, "--because", "now", *override)
        assert terminal("models", "promote", "parcels", version, "--because", "go").status == 0
    approvals = terminal("models", "show", "parcels", "2", "--json").json["approvals"]
    assert [(each["actor"], each["decision"]) for each in approvals] == [("grace", "overridden")]
    assert terminal("models", "rollback", "parcels", "--because", "worse", "--json").json["version"] == 1
    assert terminal("models", "rollback", "parcels", "--because", "again").status == 2


def test_a_score_is_told_with_every_test_and_shown_from_then_on(terminal: Terminal, registered: Path) -> None:
    score = terminal("models", "score", "parcels", "1", "--json").json
    assert len(score["tests"]) == 28
    assert score["total"] == min(score["sections"].values())
    assert terminal("models", "show", "parcels", "1", "--json").json["score"] == score["total"]
    assert "of 7" in terminal("models", "score", "parcels", "1").out


def test_two_versions_are_compared_by_slice(terminal: Terminal, registered: Path) -> None:
    diff = terminal("models", "diff", "parcels", "1", "2", "--json").json
    assert diff["same_exam"] is True
    assert {"", "depot=n", "depot=s"} <= {change["slice"] for change in diff["metrics"]}
    (auc,) = [each for each in diff["metrics"] if (each["name"], each["slice"]) == ("auc", "")]
    assert auc["delta"] == pytest.approx(auc["after"] - auc["before"])
    assert "the same rows" in terminal("models", "diff", "parcels", "1").out
