"""`trivium splits`: the catalogue of validation sets, with the scores of models that were really trained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.register import register
from trivium.models.report import get_report, read_exam
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.split import split
from trivium.pipelines.stored_split import read_split
from trivium.pipelines.task import task
from trivium.settings import load_settings
from trivium.store.store import connect, open_store, use_store
from trivium.tables.table import Table
from trivium.values.models import ModelVersion

Terminal = Callable[..., Any]
parcels = Table("parcels", key="parcel", time="sent_at", watch="off")


def make_parcels(first: int, last: int) -> pl.DataFrame:
    """A hundred parcels a day; the heavier, the later."""
    chance = np.random.default_rng(first)
    size = (last - first) * 100
    weight = chance.normal(size=size)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "parcel": range(first * 100, last * 100),
            "sent_at": [start + timedelta(days=first, minutes=14 * each) for each in range(size)],
            "weight": weight,
            "late": weight + chance.normal(size=size) > 0,
        }
    )


@task
def train(rows: pl.DataFrame, strength: float) -> Model:
    """A line through the weights."""
    inputs = rows.select("weight")
    return Model(LogisticRegression(C=strength).fit(inputs, rows["late"]), inputs)


@pipeline
def lateness(strength: float = 1.0, refresh: bool = False) -> ModelVersion:
    """Which parcels come late."""
    past, exam = split(parcels, latest="3d", key="parcel", name="newest-parcels", fresh="90d", refresh=refresh)
    model = train(past, strength)
    return register("lateness", model, evaluate(model, exam, target="late", against=past))


@pytest.fixture
def trained(terminal: Terminal, tmp_path: Path) -> Path:
    """A project with two models examined on version 1 of a split, and one on version 2."""
    terminal("init")
    with connect(tmp_path, actor="ada", durability="fast") as store:
        parcels.append(make_parcels(0, 12))
        lateness.run(store=store)
        parcels.append(make_parcels(12, 14))
        lateness.run(store=store, strength=0.001)
        lateness.run(store=store, refresh=True)
    return tmp_path


def test_each_validation_set_is_listed_with_every_models_scores_newest_first(terminal: Terminal, trained: Path) -> None:
    rows = terminal("splits", "list", "--json").json
    assert [row["id"] for row in rows] == ["newest-parcels@2", "newest-parcels@1"]
    assert [row["state"] for row in rows] == ["fresh", "replaced"]
    assert [[(score["model"], score["version"]) for score in row["scores"]] for row in rows] == [
        [("lateness", 3)],
        [("lateness", 2), ("lateness", 1)],
    ]
    assert rows[1]["inputs"] == ["parcels@1"]
    assert rows[1]["rule"] == "latest 3d by sent_at, parcel apart"
    models = {row["version"]: row["metrics"] for row in terminal("models", "list", "lateness", "--json").json}
    assert [score["metrics"] for score in rows[1]["scores"]] == [models[2], models[1]]
    assert 0.7 < models[1]["auc"] < 1


def test_people_see_the_headline_of_each_score(terminal: Terminal, trained: Path) -> None:
    said = terminal("splits", "list").out
    assert "lateness@2 auc=0." in said
    shown = terminal("splits", "show", "newest-parcels@1").out
    assert "lateness@1" in shown
    assert "used by" in shown


def test_lists_go_on_page_by_page(terminal: Terminal, trained: Path) -> None:
    (first,) = terminal("splits", "list", "--limit", "1", "--json").json
    (second,) = terminal("splits", "list", "--limit", "1", "--before", first["id"], "--json").json
    assert (first["version"], second["version"]) == (2, 1)
    page = ("splits", "show", "newest-parcels@1", "--limit", "1", "--json")
    (newest,) = terminal(*page).json["scores"]
    (older,) = terminal(*page, "--before", f"lateness@{newest['version']}").json["scores"]
    assert (newest["version"], older["version"]) == (2, 1)


def test_what_is_not_there_is_misuse(terminal: Terminal, trained: Path) -> None:
    assert terminal("splits", "list", "--name", "other", "--json").json == []
    for wrong in ("other", "newest-parcels@7", "newest-parcels@x"):
        assert terminal("splits", "show", wrong).status == 2


def test_the_exam_that_serving_replays_is_the_split_itself(terminal: Terminal, trained: Path) -> None:
    with connect(trained, actor="ada") as store:
        report = get_report(store, store.catalog.models.get_model("lateness", 2))
        exam = read_exam(store.blobs, report).drop("label", "score", "baseline")
        assert exam.equals(read_split("newest-parcels", 1)[1])


def test_an_evaluation_set_that_grew_too_old_is_listed_as_an_alert(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("init")
    settings = load_settings(
        tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada", durability="fast", executor="inline"
    )
    longer_ago = open_store(settings, clock=lambda: datetime.now(UTC) - timedelta(days=91))
    with use_store(longer_ago):
        parcels.append(make_parcels(0, 12))
        lateness.run(store=longer_ago)
    longer_ago.close()
    (alert,) = terminal("alerts", "list", "--state", "open", "--json").json
    assert (alert["table"], alert["partition"], alert["severity"]) == ("split:newest-parcels", "version 1", "warn")
    assert "91.0 days old" in terminal("alerts", "list").out
    assert [row["state"] for row in terminal("splits", "list", "--json").json] == ["old"]
    with connect(tmp_path, actor="ada", durability="fast") as store:
        parcels.append(make_parcels(12, 14))
        lateness.run(store=store, refresh=True)
    assert terminal("alerts", "list", "--state", "open", "--json").json == []
