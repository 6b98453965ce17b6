"""The examples of the repository and of its guide, on this machine and on Ray: the same keys, and the same results."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from msgspec import convert
from msgspec.structs import replace

from trivium.demo.upstream import Upstream, data_folder
from trivium.pipelines.registry import import_file
from trivium.pipelines.results import load_result
from trivium.store.store import Store, connect
from trivium.values.models import ModelVersion
from trivium.values.runs import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # processes are started twice for each, some with frameworks
    pytest.mark.usefixtures("own_ray"),
]
Act = Callable[[Store], Run]
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FIRST = dt.date(2013, 1, 1)
START = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
DAYS = 45  # the newest 30 of them are the exam


def guide(name: str, *blocks: str) -> str:
    """Those blocks of Python in the guide that have these words in them."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "guide" / name).read_text(), flags=re.DOTALL)
    return "\n".join(next(block for block in found if words in block) for words in blocks)


@contextmanager
def both(folder: Path) -> Iterator[list[Store]]:
    """Two fresh stores, whose tasks run on this machine and on Ray."""
    with (
        connect(folder / "local", actor="ada", durability="fast", executor="local") as local,
        connect(folder / "ray", actor="ada", durability="fast", executor="ray") as on_ray,
    ):
        yield [local, on_ray]


def made(store: Store, run: Run, told_apart: str = "") -> dict[str, Any]:
    """What is to be the same, by task: its key, and kind and digest of what it made, but for one `told_apart`."""
    return {
        each.node: (each.status, each.key, [(ref.kind, ref.digest) for ref in each.outputs if each.node != told_apart])
        for each in store.catalog.runs.list_tasks(run.id)
    }


def assert_same(folder: Path, act: Act, told_apart: str = "") -> list[Any]:
    """Keys and outputs of every task are the same on both, of which there are some; returns the results."""
    with both(folder) as stores:
        runs = [act(store) for store in stores]
        here, there = (made(store, run, told_apart) for store, run in zip(stores, runs, strict=True))
        assert here
        assert here == there
        return [load_result(store, run.id) for store, run in zip(stores, runs, strict=True)]


def example(folder: Path, *path: str) -> ModuleType:
    file = folder / path[-1]
    file.write_text(EXAMPLES.joinpath(*path).read_text())
    return import_file(file, folder)


@pytest.mark.filterwarnings("ignore::trivium.tables.read.FlaggedData")  # of a storm
def test_lateness(tmp_path: Path) -> None:
    user = example(tmp_path, "lateness", "lateness.py")
    upstream = Upstream(data_folder())
    days = [FIRST + dt.timedelta(days=number) for number in range(DAYS)]

    def run(store: Store) -> Run:
        user.planes.append(upstream.planes, store=store)
        user.weather.append(pl.concat([upstream.weather_of(day) for day in days]), store=store)
        user.flights.append(pl.concat([upstream.flights_of(day) for day in days]), store=store)
        done: Run = user.lateness.run(store=store)
        return done

    found = assert_same(tmp_path, run, told_apart="register")
    here, there = (
        replace(convert(each, ModelVersion, from_attributes=True), run=None, registered_at=START) for each in found
    )
    assert here == there  # a registered version says by which run it was made, and when; the rest is the same


def test_training_with_pytorch(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    user = example(tmp_path, "distributed", "ddp.py")
    assert_same(tmp_path, lambda store: user.ddp.run(store=store, count=512, steps=4))


@pytest.mark.parametrize("name", ["light", "extreme"])
def test_boosting(tmp_path: Path, name: str) -> None:
    pytest.importorskip("lightgbm")
    pytest.importorskip("xgboost")
    user = example(tmp_path, "distributed", "boosting.py")
    assert_same(tmp_path, lambda store: getattr(user, name).run(store=store, count=400, rounds=3))


def test_the_guide_of_training(tmp_path: Path, module: Callable[..., ModuleType]) -> None:
    source = guide("training.md", "def fit(", "def mean_delay")
    user = module(source + "\n@tv.pipeline\ndef delays():\n    return mean_delay(flights)\n")
    losses = assert_same(tmp_path, lambda store: user.fit.run(store=store, count=10))
    assert losses == [[2.0, 1.0, 2 / 3]] * 2

    def run(store: Store) -> Run:
        user.flights.append(pl.DataFrame({"id": range(10), "delay": [1.5] * 10}), store=store)
        done: Run = user.delays.run(store=store)
        return done

    assert assert_same(tmp_path / "delays", run) == [1.5, 1.5]


def test_the_first_pipeline_of_the_guide(tmp_path: Path, module: Callable[..., ModuleType]) -> None:
    user = module(guide("pipelines.md", "def year_of_sales"))
    here, there = assert_same(tmp_path, lambda store: user.year_of_sales.run(store=store))
    assert here.equals(there)


def test_the_table_of_the_guide(tmp_path: Path, module: Callable[..., ModuleType]) -> None:
    source = guide("pipelines.md", "def delay_features").replace(
        "-> pl.LazyFrame: ...",
        "-> pl.LazyFrame:\n    by_origin = flights.group_by('origin', maintain_order=True).agg(pl.mean('delay'))\n"
        "    return by_origin.with_columns(day=pl.lit(day.start))",
    )
    user = module("import polars as pl\nimport trivium as tv\n" + source)
    rows = pl.DataFrame({
        "id": range(60),
        "scheduled_at": [dt.datetime(2024, 1, 1 + number // 20, tzinfo=dt.UTC) for number in range(60)],
        "origin": ["EWR", "JFK", "LGA"] * 20,
        "delay": [float(number) for number in range(60)],
    })  # fmt: skip

    def run(store: Store) -> Run:
        user.flights.append(rows, store=store)
        done: Run = user.delay_features.run(store=store)
        return done

    with both(tmp_path) as stores:
        runs = [run(store) for store in stores]
        here, there = (made(store, done) for store, done in zip(stores, runs, strict=True))
        assert here == there
        tables = [user.daily.read(store=store).collect() for store in stores]
    assert tables[0].height == 9
    assert tables[0].equals(tables[1])


def test_the_branches_of_the_guide(tmp_path: Path, module: Callable[..., ModuleType]) -> None:
    head = """
import trivium as tv

@tv.task
def load_day(day: str) -> list[float]:
    return [float(number) for number in range(int(day[-2:]) * 60)]

@tv.task
def train(rows: list[float]) -> str:
    return f"of {len(rows)} rows"

@tv.task
def publish(model: str) -> str:
    return f"published: {model}"
"""
    user = module(head + guide("pipelines.md", "tv.when(enough(rows)"))
    assert assert_same(tmp_path, lambda store: user.lateness.run(store=store)) == ["published: the old one"] * 2
    many = assert_same(tmp_path / "many", lambda store: user.lateness.run(store=store, day="2024-01-02"))
    assert many == ["published: of 120 rows"] * 2


def test_the_configuration_of_the_guide(tmp_path: Path, module: Callable[..., ModuleType]) -> None:
    user = module(guide("pipelines.md", "class Forest"))
    found = assert_same(tmp_path, lambda store: user.lateness.run(store=store, forest=user.Forest(depth=8)))
    assert found == [0.8, 0.8]


def test_the_secrets_of_the_guide(
    tmp_path: Path, module: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "of-the-warehouse")
    monkeypatch.setenv("API_TOKEN", "of-the-api")
    user = module(guide("pipelines.md", "def nightly"))
    assert assert_same(tmp_path, lambda store: user.nightly.run(store=store)) == [26, 26]
