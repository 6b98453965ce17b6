"""The join at a point in time beside raw engines and Feast: seconds, CPU seconds and peak memory, a process each.

    python benchmarks/tables/point_in_time.py [--rows 1000000] [--features 10000000] [--keys 100000] [--runs 2]
        [--feast ENVIRONMENT/bin/python]

Every engine reads the same two Parquet files (entity rows in no order; features in no order of time, 4 numbers each)
and has to give every entity row back. Feast runs in an environment of its own, made with `pip install feast[duckdb]`.
`trivium, known` is the join that also guards against features that became known late.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

SPAN = 90 * 86_400_000_000  # microseconds
START = np.datetime64("2024-01-01", "us")

TELL = """
import json, resource, time
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": time.perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime - before,
    "gigabytes": usage.ru_maxrss / 1e6, "rows": len(out), "matched": int(matched), "sum": float(total),
}))
"""
BEGIN = """
import resource, sys, time, warnings
warnings.filterwarnings("ignore")
rows_file, features_file, folder = sys.argv[1:]
{imports}
usage = resource.getrusage(resource.RUSAGE_SELF)
began, before = time.perf_counter(), usage.ru_utime + usage.ru_stime
"""
COUNT = "\nmatched, total = len(out) - out['f0'].null_count(), out['f0'].sum()\n"
POLARS = """
left = pl.scan_parquet(rows_file).sort("asked", maintain_order=True)
right = pl.scan_parquet(features_file).sort("happened_at", maintain_order=True)
joined = left.join_asof(right, left_on="asked", right_on="happened_at", by="id", check_sortedness=False)
out = joined.collect(engine="{engine}")
"""
DUCKDB = """
out = duckdb.sql(
    f"SELECT e.*, f.* EXCLUDE (id, happened_at, ingested) FROM '{rows_file}' e ASOF LEFT JOIN '{features_file}' f "
    "ON e.id = f.id AND e.asked >= f.happened_at"
).pl()
"""
OURS = """
features = pl.scan_parquet(features_file)
out = tv.as_of(
    pl.scan_parquet(rows_file), {features}, on="asked", by="id", time="happened_at"{more}
).collect()
"""
FEAST = """
number = Entity(name="id", join_keys=["id"], value_type=ValueType.INT64)
view = FeatureView(
    name="view", entities=[number], ttl=timedelta(0), schema=[Field(name=f"f{n}", dtype=Float64) for n in range(4)],
    source=FileSource(path=features_file, timestamp_field="happened_at"),
)
store = FeatureStore(config=RepoConfig(
    project="bench", provider="local", registry=folder + "/registry.db", offline_store={"type": "duckdb"},
    online_store={"type": "sqlite", "path": folder + "/online.db"},
    entity_key_serialization_version=3,
))
store.apply([number, view])
began, before = time.perf_counter(), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
rows = pd.read_parquet(rows_file).rename(columns={"asked": "event_timestamp"})
rows["event_timestamp"] = rows["event_timestamp"].dt.tz_localize("UTC")
out = store.get_historical_features(entity_df=rows, features=[f"view:f{n}" for n in range(4)]).to_df()
matched, total = out["f0"].notna().sum(), out["f0"].sum()
"""
FEAST_IMPORTS = """
from datetime import timedelta
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64
from feast.value_type import ValueType
"""
PLAIN = 'features.drop("ingested")'

SCRIPTS = {
    "polars join_asof": ("import polars as pl", POLARS.replace("{engine}", "auto") + COUNT),
    "polars streaming": ("import polars as pl", POLARS.replace("{engine}", "streaming") + COUNT),
    "duckdb asof": ("import duckdb, polars", DUCKDB + COUNT),
    "trivium": (
        "import polars as pl, trivium as tv; tv.as_of",
        OURS.replace("{features}", PLAIN).replace("{more}", "") + COUNT,
    ),
    "trivium, known": (
        "import polars as pl, trivium as tv; tv.as_of",
        OURS.replace("{features}", "features").replace("{more}", ', known="ingested"') + COUNT,
    ),
    "feast duckdb": (FEAST_IMPORTS, FEAST),
}
RAW = ("polars join_asof", "polars streaming", "duckdb asof")


def make_files(folder: Path, rows: int, features: int, keys: int) -> tuple[Path, Path]:
    """Entity rows and features of random keys and moments; 1 % of the keys asked for have no features."""
    random = np.random.default_rng(0)
    at = START + random.integers(0, SPAN, features).astype("timedelta64[us]")
    known = pl.DataFrame({"id": random.integers(0, keys, features), "happened_at": at})
    late = random.integers(0, 3_600_000_000, features).astype("timedelta64[us]")
    known = known.with_columns(**{f"f{n}": random.random(features) for n in range(4)}, ingested=at + late)
    asked = START + random.integers(0, SPAN, rows).astype("timedelta64[us]")
    entities = pl.DataFrame({"id": random.integers(0, keys + keys // 100, rows), "asked": asked})
    entities.write_parquet(folder / "rows.parquet")
    known.write_parquet(folder / "features.parquet")
    return folder / "rows.parquet", folder / "features.parquet"


def measure(engine: str, python: str, files: Sequence[Path], folder: Path) -> dict[str, float] | str:
    """What one process told, or why it told nothing."""
    imports, body = SCRIPTS[engine]
    script = BEGIN.replace("{imports}", imports) + body + TELL
    command = [python, "-c", script, *map(str, files), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if ended.returncode == 0:
        return dict(json.loads(ended.stdout.splitlines()[-1]))
    missing = "ModuleNotFoundError" in ended.stderr
    return "not installed" if missing else ended.stderr.strip().splitlines()[-1][:100]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=10_000_000)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--feast", default=sys.executable, help="the python of an environment with feast[duckdb]")
    options = parser.parse_args()
    told: dict[str, list[dict[str, float] | str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_files(folder, options.rows, options.features, options.keys)
        for run in range(options.runs):
            for engine in SCRIPTS:
                feast = engine == "feast duckdb"
                if run == 0 or not feast:
                    python = options.feast if feast else sys.executable
                    told.setdefault(engine, []).append(measure(engine, python, files, folder))
    show(told, options.rows)


def show(told: dict[str, list[dict[str, float] | str]], rows: int) -> None:
    """A table of the engines' best runs, then the ratios."""
    best = {}
    print(f"{'engine':18} {'seconds':>8} {'median':>8} {'CPU s':>7} {'GB':>6} {'rows lost':>9} {'matched':>9}")
    for engine, runs in told.items():
        good = [run for run in runs if isinstance(run, dict)]
        if not good:
            print(f"{engine:18} {runs[0]}")
            continue
        best[engine] = least = min(good, key=lambda run: run["seconds"])
        middle = median(run["seconds"] for run in good)
        lost, matched = rows - int(least["rows"]), int(least["matched"])
        print(
            f"{engine:18} {least['seconds']:8.2f} {middle:8.2f} {least['cpu']:7.2f} {least['gigabytes']:6.2f} "
            f"{lost:9d} {matched:9d}"
        )
    ours, guarded = best["trivium"], best["trivium, known"]
    for unit, called in (("seconds", "seconds"), ("cpu", "CPU seconds")):
        raw = min(best[engine][unit] for engine in RAW if engine in best)
        print(f"trivium / best raw engine: {ours[unit] / raw:.2f} x {called}")
        print(f"trivium, known / trivium: {guarded[unit] / ours[unit]:.2f} x {called}")
        if "feast duckdb" in best:
            print(f"feast / trivium: {best['feast duckdb'][unit] / ours[unit]:.1f} x {called}")
    if "feast duckdb" in best:
        print(f"trivium / feast: {ours['gigabytes'] / best['feast duckdb']['gigabytes']:.2f} x memory")


if __name__ == "__main__":
    main()
