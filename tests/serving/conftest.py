"""A small project that serves for real: a model of parcels, a lookup table with a history, and a gateway process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.promotion import approve, promote
from trivium.models.register import register
from trivium.serving.endpoint import Endpoint
from trivium.serving.gateway_process import stop_gateway
from trivium.store.store import Store, connect
from trivium.tables.table import Table
from trivium.values.endpoints import Route

DAY = datetime(2024, 3, 1)  # noqa: DTZ001 # event times of these tables have no zone
INPUTS = ["weight", "stops", "wind"]

weather = Table("weather", key="depot", time="observed_at", watch="off")
arrivals = Table("arrivals", key="parcel", time="sent_at", watch="off")


def make_rows(rows: int, seed: int) -> pl.DataFrame:
    """Parcels whose lateness depends on weight and wind."""
    chance = np.random.default_rng(seed)
    weight, wind = chance.gamma(2.0, 2.0, rows), chance.uniform(0, 30, rows)
    logit = 0.6 * weight + 0.1 * wind - 4
    return pl.DataFrame(
        {
            "weight": weight,
            "stops": chance.integers(1, 9, rows),
            "wind": wind,
            "late": chance.random(rows) < 1 / (1 + np.exp(-logit)),
        }
    )


def train(rows: pl.DataFrame, iterations: int) -> Model:
    """A few boosted trees."""
    trees = HistGradientBoostingClassifier(max_iter=iterations, max_depth=3, random_state=7)
    return Model(trees.fit(rows.select(INPUTS), rows["late"]), rows.select(INPUTS))


@pytest.fixture(scope="session")
def models() -> tuple[Model, Model]:
    """A champion and a candidate that is much like it."""
    rows = make_rows(1500, seed=1)
    return train(rows, 20), train(rows, 25)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, models: tuple[Model, Model]) -> Iterator[Store]:
    """A project with two approved versions, version 1 the champion; its gateway is stopped in the end."""
    with connect(tmp_path_factory.mktemp("project"), actor="ada", durability="fast") as store:
        for model in models:
            report = evaluate(model, make_rows(300, seed=2), target="late")
            version = register("parcels", model, report)
            approve(store, "parcels", version.version, because="even", actor="grace", override=True)
        promote(store, "parcels", 1, because="the first")
        moments = [DAY, DAY + timedelta(hours=6)]
        weather.append(pl.DataFrame({"depot": ["north", "north"], "observed_at": moments, "wind": [5.0, 25.0]}))
        yield store
        stop_gateway(store)


@pytest.fixture
def live(project: Store) -> Iterator[Endpoint]:
    """The endpoint, with a gateway that answers; each test finds version 1 alone, and nothing to collect."""
    door = Endpoint(
        "parcels", key="parcel", time="sent_at", lookups=[weather], labels=(arrivals, "delay > 15"), owner="ada"
    )
    door.deploy("champion")
    project.catalog.endpoints.set_routes("parcels", (Route(1, "champion"),), because="a new test", actor="ada")
    door.start()
    door._await_routes(project)
    door.collect()
    yield door
    door.close()


@pytest.fixture
def parcels() -> Callable[..., list[dict[str, Any]]]:
    """Makes records of parcels, numbered from `first`; `wind` is left to the lookup."""

    def make(count: int, *, first: int = 0, hour: int = 8, **more: Any) -> list[dict[str, Any]]:
        moment = (DAY + timedelta(hours=hour)).isoformat()
        return [
            {"parcel": f"p{first + n}", "sent_at": moment, "depot": "north", "weight": 1.5 + n % 7, "stops": 3, **more}
            for n in range(count)
        ]

    return make
