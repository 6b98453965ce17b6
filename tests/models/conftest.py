"""A small real model: which parcels arrive late, learnt from made-up parcels with a known rule and noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships no types

from trivium.checks.kinds import coverage, rule
from trivium.checks.metric import metric
from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.prepare import prepare
from trivium.models.promotion import approve, promote
from trivium.models.register import register
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.split import split
from trivium.pipelines.task import task
from trivium.store.store import Store, connect
from trivium.tables.table import Table
from trivium.values.models import ModelVersion

DERIVED = {
    "minute": "EXTRACT(hour FROM sent_at) * 60 + EXTRACT(minute FROM sent_at)",
    "late_hour": "minute / 60.0",
}
INPUTS = ["sent_at", "depot", "weight", "stops"]


def make_parcels(rows: int, seed: int) -> pl.DataFrame:
    """Parcels whose lateness depends on depot, weight and hour; every 20th weight is missing."""
    chance = np.random.default_rng(seed)
    depot = chance.choice(["north", "south", "west"], rows)
    weight = chance.gamma(2.0, 2.0, rows)
    minute = chance.integers(0, 1440, rows)
    logit = 0.5 * weight - 3.5 + np.where(depot == "south", 1.5, 0.0) + minute / 600
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "parcel": [f"p{seed}-{number}" for number in range(rows)],
            "sent_at": [
                start + timedelta(days=int(day), minutes=int(m))
                for day, m in zip(np.arange(rows) // 100, minute, strict=True)
            ],
            "depot": depot,
            "weight": pl.Series(np.where(np.arange(rows) % 20 == 0, np.nan, weight)).fill_nan(None),
            "stops": chance.integers(1, 9, rows),
            "late": chance.random(rows) < 1 / (1 + np.exp(-logit)),
        }
    )


def train(rows: pl.DataFrame, *, iterations: int = 20, unsafe: bool = False) -> Model:
    """Boosted trees on the parcels."""
    inputs = rows.select(INPUTS)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer(
        [("words", encoder, ["depot"]), ("numbers", "passthrough", ["weight", "stops", "late_hour"])]
    )
    trees = HistGradientBoostingClassifier(max_iter=iterations, max_depth=3, random_state=7)
    estimator = make_pipeline(columns, trees).fit(prepare(inputs, DERIVED), rows["late"])
    return Model(estimator, inputs, prepare=DERIVED, unsafe=unsafe)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small models are quicker without threads that wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def trained() -> Callable[..., Model]:
    """How a model is trained here."""
    return train


@pytest.fixture(scope="session")
def past() -> pl.DataFrame:
    """The rows to learn from."""
    return make_parcels(2000, seed=1)


@pytest.fixture(scope="session")
def exam() -> pl.DataFrame:
    """The newer rows to be judged on."""
    return make_parcels(1500, seed=2)


@pytest.fixture(scope="session")
def model(past: pl.DataFrame) -> Model:
    """A good model."""
    return train(past)


@pytest.fixture(scope="session")
def mistaken(past: pl.DataFrame) -> Model:
    """A model that learnt from shuffled labels."""
    return train(past.with_columns(pl.col("late").shuffle(seed=3)))


parcels = Table(
    "parcels",
    key="parcel",
    time="sent_at",
    owner="grace",
    checks=[rule("stops > 0"), coverage("weight", at_least=0.5)],
    description="Every parcel, and whether it came late.",
)


@task(name="train")
def train_task(rows: pl.DataFrame, iterations: int) -> Model:
    """Boosted trees."""
    return train(rows, iterations=iterations)


@pipeline
def lateness(iterations: int = 20) -> ModelVersion:
    """Which parcels come late."""
    past, newest = split(parcels, time="sent_at", latest="5d")
    model = train_task(past, iterations)
    report = evaluate(model, newest, target="late", slices=["depot"], against=past)
    return register(
        "lateness", model, report, gate=[metric("auc", at_least=0.6), metric("auc", at_least=0.5, by="depot")]
    )


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory, past: pl.DataFrame) -> Path:
    """The folder of a project in which a model was trained twice, approved and promoted; lived through once."""
    folder = tmp_path_factory.mktemp("life")
    with connect(folder, actor="ada", durability="fast") as store:
        parcels.append(past, store=store)
        lateness.run(store=store)
        lateness.run(store=store, iterations=12)
        approve(store, "lateness", 1, because="gate passed, slices even", actor="grace")
        promote(store, "lateness", 1, because="better of two")
    return folder


@pytest.fixture
def lived(life: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of that project for one test to go on with."""
    copytree(life, tmp_path / "life")
    with connect(tmp_path / "life", actor="ada", durability="fast") as store:
        yield store
