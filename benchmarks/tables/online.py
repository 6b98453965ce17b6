"""Online lookups of one key and of 100 keys with 4 features, beside Feast's SQLite store, plain SQLite and a dict.

    python benchmarks/tables/online.py [--keys 100000] [--lookups 20000] [--feast ENVIRONMENT/bin/python]

First lookups are of keys that were not asked for before; later ones are of keys that were, in this version of the
table. Feast has no such cache: its figures are for any lookup. It runs in an environment of its own, made with
`pip install feast`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import trivium as tv

FEAST = """
import json, random, sys, time, warnings
warnings.filterwarnings("ignore")
from datetime import timedelta
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64
from feast.value_type import ValueType

rows_file, folder, lookups = sys.argv[1], sys.argv[2], int(sys.argv[3])
number = Entity(name="id", join_keys=["id"], value_type=ValueType.INT64)
view = FeatureView(
    name="view", entities=[number], ttl=timedelta(days=36500),
    schema=[Field(name=f"f{n}", dtype=Float64) for n in range(4)],
    source=FileSource(path=rows_file, timestamp_field="at"),
)
store = FeatureStore(config=RepoConfig(
    project="bench", provider="local", registry=folder + "/registry.db",
    online_store={"type": "sqlite", "path": folder + "/feast.db"}, entity_key_serialization_version=3,
))
store.apply([number, view])
rows = pd.read_parquet(rows_file)
rows["at"] = rows["at"].dt.tz_localize("UTC")
began = time.perf_counter()
store.write_to_online_store("view", rows)
loaded = time.perf_counter() - began
names = [f"view:f{n}" for n in range(4)]

def middle(many, size):
    took = []
    for _ in range(many):
        entities = [{"id": random.randrange(len(rows))} for _ in range(size)]
        began = time.perf_counter_ns()
        answer = store.get_online_features(features=names, entity_rows=entities).to_dict()
        took.append(time.perf_counter_ns() - began)
        assert None not in answer["f0"]
    took.sort()
    return took[len(took) // 2] / 1e3, took[len(took) * 99 // 100] / 1e3

print(json.dumps({"load": loaded, "one": middle(lookups // 10, 1), "hundred": middle(lookups // 200, 100)}))
"""

Pair = tuple[float, float]


def measure(act: Callable[[Any], object], asked: Sequence[Any]) -> Pair:
    """(p50, p99) in microseconds."""
    took = []
    for each in asked:
        began = time.perf_counter_ns()
        act(each)
        took.append(time.perf_counter_ns() - began)
    took.sort()
    return took[len(took) // 2] / 1e3, took[len(took) * 99 // 100] / 1e3


def make_rows(keys: int) -> pl.DataFrame:
    """One row a key, of one day."""
    random = np.random.default_rng(0)
    rows = pl.DataFrame({"id": np.arange(keys), **{f"f{n}": random.random(keys) for n in range(4)}})
    return rows.with_columns(at=pl.datetime(2024, 1, 1))


def measure_ours(folder: Path, rows: pl.DataFrame, lookups: int) -> dict[str, Pair | float]:
    """Through the public door, `Table.lookup`."""
    random = np.random.default_rng(1)
    keys = random.permutation(rows.height)[:lookups].tolist()
    several = random.integers(0, rows.height, (max(1, lookups // 200), 100)).tolist()
    with tv.connect(folder):
        table = tv.Table("features", key="id", time="at", watch="off")
        table.append(rows)
        began = time.perf_counter()
        table.lookup([-1])
        told: dict[str, Pair | float] = {"load": time.perf_counter() - began}
        told["first"] = measure(lambda key: table.lookup([key]), keys)
        told["later"] = measure(lambda key: table.lookup([key]), keys[-5_000:])
        told["hundred"] = measure(table.lookup, several)
        assert all(found.values for found in table.lookup(keys))
    return told


def measure_feast(python: str, rows: pl.DataFrame, folder: Path, lookups: int) -> dict[str, Any] | str:
    """What the process told, or why it told nothing."""
    rows.write_parquet(folder / "rows.parquet")
    command = [python, "-c", FEAST, str(folder / "rows.parquet"), str(folder), str(lookups)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if ended.returncode == 0:
        return dict(json.loads(ended.stdout.splitlines()[-1]))
    return "not installed" if "ModuleNotFoundError" in ended.stderr else ended.stderr.strip().splitlines()[-1][:100]


def measure_sqlite(folder: Path, rows: pl.DataFrame, lookups: int) -> Pair:
    """The bare thing: one table of columns, one prepared statement, no question whether anything changed."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, f0 REAL, f1 REAL, f2 REAL, f3 REAL)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO plain VALUES (?, ?, ?, ?, ?)", rows.select("id", "^f.$").iter_rows())
    connection.execute("COMMIT")
    keys = np.random.default_rng(2).integers(0, rows.height, lookups).tolist()
    statement = "SELECT f0, f1, f2, f3 FROM plain WHERE id = ?"
    took = measure(lambda key: connection.execute(statement, (key,)).fetchone(), keys)
    connection.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--lookups", type=int, default=20_000)
    parser.add_argument("--feast", default=sys.executable, help="the python of an environment with feast")
    options = parser.parse_args()
    rows = make_rows(options.keys)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = measure_sqlite(folder, rows, options.lookups)
        ours = measure_ours(folder / "project", rows, options.lookups)
        feast = measure_feast(options.feast, rows, folder, options.lookups)
        again = measure_ours(folder / "project again", rows, options.lookups)
    ours = min(ours, again, key=lambda told: told["first"])
    show(ours, plain, feast)


def show(ours: dict[str, Any], plain: Pair, feast: dict[str, Any] | str) -> None:
    """A table in microseconds, then the ratios."""
    print(f"{'':34} {'p50 µs':>9} {'p99 µs':>9}")
    lines = [("plain SQLite, one key", plain), ("trivium, one key, first time", ours["first"]),
             ("trivium, one key, later", ours["later"]), ("trivium, 100 keys", ours["hundred"])]  # fmt: skip
    if isinstance(feast, dict):
        lines += [("feast SQLite, one key", feast["one"]), ("feast SQLite, 100 keys", feast["hundred"])]
    for label, (middle, tail) in lines:
        print(f"{label:34} {middle:9.2f} {tail:9.2f}")
    if not isinstance(feast, dict):
        print(f"feast: {feast}")
        return
    print(f"feast / trivium, one key, first time: {feast['one'][0] / ours['first'][0]:.1f} x at p50")
    print(f"feast / trivium, one key, later:      {feast['one'][0] / ours['later'][0]:.1f} x at p50")
    print(f"feast / trivium, 100 keys:            {feast['hundred'][0] / ours['hundred'][0]:.1f} x at p50")
    print(f"feast / trivium, loading:             {feast['load'] / ours['load']:.1f} x")


if __name__ == "__main__":
    main()
