"""A small project lived through once: flights become features by a script, a model learns from them and is served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree

import numpy as np
import polars as pl
import pytest
from sklearn.tree import DecisionTreeClassifier

from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.promotion import approve
from trivium.models.register import register
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.serving.endpoint import Endpoint
from trivium.store.store import Store, connect
from trivium.tables.table import Table
from trivium.tracking.run import run
from trivium.values.models import ModelVersion

INPUTS = ["distance", "wind"]
DAY = datetime(2024, 3, 1)  # noqa: DTZ001 # event times of these tables have no zone

flights = Table("flights", key="flight", time="left_at", watch="off", owner="grace")
weather = Table("weather", key="origin", time="seen_at", watch="off")
features = Table("features", key="flight", watch="off")
delays = Table("delays", key="flight", watch="off")
door = Endpoint("late", key="flight", time="left_at", lookups=[weather], labels=(delays, "delay > 15"))


def make_flights(rows: int, seed: int) -> pl.DataFrame:
    """Flights that come late when they are long and it blows."""
    chance = np.random.default_rng(seed)
    distance, wind = chance.uniform(100, 3000, rows), chance.uniform(0, 30, rows)
    return pl.DataFrame(
        {
            "flight": [f"f{seed}-{number}" for number in range(rows)],
            "left_at": [DAY + timedelta(hours=seed) for _ in range(rows)],
            "distance": distance,
            "wind": wind,
            "late": chance.random(rows) < 1 / (1 + np.exp(4 - distance / 1000 - wind / 8)),
        }
    )


@task
def learn(rows: pl.DataFrame, depth: int) -> Model:
    """A small tree."""
    inputs = rows.select(INPUTS)
    return Model(DecisionTreeClassifier(max_depth=depth, random_state=1).fit(inputs, rows["late"]), inputs)


@pipeline
def lateness(depth: int = 2) -> ModelVersion:
    """Which flights come late."""
    model = learn(features, depth)
    return register("late", model, evaluate(model, features, target="late"))


@task
def count_rows(rows: pl.DataFrame) -> int:
    """How many there are."""
    return rows.height


@pipeline
def census() -> int:
    """A reader of the flights that makes nothing of them."""
    return count_rows(flights)


def write_features(store: Store) -> str:
    """A script that makes features of the flights; returns its run."""
    with run("features", store=store) as context:
        rows = flights.read(store=store).select("flight", "distance", "wind", "late").collect()
        features.overwrite(rows, store=store)
    return context.run


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project."""
    folder = tmp_path_factory.mktemp("lineage")
    with connect(folder, actor="ada", durability="fast") as store:
        for seed in (1, 2):
            flights.append(make_flights(200, seed), store=store)
            write_features(store)
        weather.append(pl.DataFrame({"origin": ["JFK"], "seen_at": [DAY], "wind": [5.0]}), store=store)
        delays.append(pl.DataFrame({"flight": ["f1-1"], "delay": [20]}), store=store)
        lateness.run(store=store)
        lateness.run(store=store, depth=3)
        census.run(store=store)
        approve(store, "late", 1, because="good", actor="grace", override=True)
        door.deploy(1, store=store)
    return folder


@pytest.fixture
def lived(life: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of that project for one test to go on with."""
    copytree(life, tmp_path / "life")
    with connect(tmp_path / "life", actor="ada", durability="fast") as store:
        yield store
