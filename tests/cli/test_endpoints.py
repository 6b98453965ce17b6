"""`trivium endpoints` and `trivium handover`: from the project's files to a gateway that answers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.promotion import approve, promote
from trivium.models.register import register
from trivium.store.store import connect

Terminal = Callable[..., Any]

DECLARED = """
import trivium as tv

door = tv.Endpoint("parcels", key="parcel", time="sent_at")
"""


def make_rows(seed: int) -> pl.DataFrame:
    """Parcels; the heavier, the later."""
    chance = np.random.default_rng(seed)
    weight = chance.normal(size=600)
    return pl.DataFrame({"weight": weight, "late": weight + chance.normal(size=600) > 0})


@pytest.fixture
def released(terminal: Terminal, tmp_path: Path) -> Iterator[Path]:
    """A project that declares an endpoint, with an approved champion and an approved version 2."""
    (tmp_path / "trivium.toml").write_text('pipelines = ["doors.py"]\n')
    (tmp_path / "doors.py").write_text(DECLARED)
    past, exam = make_rows(1), make_rows(2)
    inputs = past.select("weight")
    with connect(tmp_path, actor="ada", durability="fast") as store:
        for strength in (1.0, 0.5):
            model = Model(LogisticRegression(C=strength).fit(inputs, past["late"]), inputs)
            version = register("parcels", model, evaluate(model, exam, target="late", against=past)).version
            approve(store, "parcels", version, because="even", actor="grace")
        promote(store, "parcels", 1, because="first")
    yield tmp_path
    terminal("endpoints", "stop", "parcels")


def ask(url: str, weight: float) -> Any:
    """The answer to one request."""
    record = {"parcel": "p1", "sent_at": datetime(2024, 1, 1, tzinfo=UTC).isoformat(), "weight": weight}
    request = urllib.request.Request(
        f"{url}/endpoints/parcels/predict",
        data=json.dumps({"records": [record]}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_deployed_endpoint_answers_is_routed_and_rolled_back(terminal: Terminal, released: Path) -> None:
    deployed = terminal("endpoints", "deploy", "parcels", "--json").json
    assert (deployed["name"], deployed["state"]) == ("parcels", "up")
    assert ask(deployed["url"], 2.0)["answers"][0]["score"] > 0.5
    (row,) = terminal("endpoints", "list", "--json").json
    assert row == deployed
    assert terminal("endpoints", "traffic", "parcels", "--shadow", "2").status == 0
    terminal("endpoints", "traffic", "parcels", "--canary", "2", "--share", "0.3")
    routes = terminal("endpoints", "show", "parcels", "--json").json["routes"]
    assert [(route["role"], route["version"], route["share"]) for route in routes] == [
        ("champion", 1, 0.0),
        ("canary", 2, 0.3),
    ]
    assert "canary 2 30%" in terminal("endpoints", "list").out
    assert terminal("endpoints", "verdict", "parcels", "--json").json == []
    back = terminal("endpoints", "rollback", "parcels", "--because", "strange answers", "--json").json
    assert [route["role"] for route in back["routes"]] == ["champion"]
    assert terminal("endpoints", "stop", "parcels", "--json").json["state"] == "down"


def test_what_cannot_be_is_misuse(terminal: Terminal, released: Path) -> None:
    assert terminal("endpoints", "list", "--json").json == []
    assert terminal("endpoints", "deploy", "nothing").status == 2
    assert terminal("endpoints", "show", "parcels").status == 2
    assert terminal("endpoints", "traffic", "parcels").status == 2
    assert terminal("endpoints", "traffic", "parcels", "--shadow", "1", "--canary", "2").status == 2


def test_the_handover_is_printed_or_written(terminal: Terminal, released: Path) -> None:
    said = terminal("handover", "parcels")
    assert said.out.startswith("# Handover: parcels")
    assert terminal("handover", "parcels", "--output", "handover.md").status == 0
    assert (released / "handover.md").read_text().startswith("# Handover: parcels")
    assert terminal("handover", "nothing").status == 2
    assert terminal("models", "card", "parcels", "2").out.startswith("# parcels, version 2")
