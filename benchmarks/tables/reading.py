"""Reading a table against the engine reading the same Parquet files itself: all rows after 1,000 commits, and a filter.

python benchmarks/tables/reading.py --commits 1000 --rows 2000000
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

import trivium as tv
from trivium.store.store import Store

ROUNDS = 7


def ratio(name: str, ours: Callable[[], pl.DataFrame], engine: Callable[[], pl.DataFrame]) -> None:
    """One line: medians of alternating rounds, and that both gave the same rows."""
    same = ours().equals(engine())
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for place, act in enumerate((ours, engine)):
            start = time.perf_counter()
            act()
            times[place].append(time.perf_counter() - start)
    mine, theirs = (statistics.median(each) for each in times)
    print(
        f"{name:>34}: {mine / theirs:4.2f} x the engine ({mine * 1000:.1f} / {theirs * 1000:.1f} ms), same rows: {same}"
    )


def wide_rows(rows: int, seed: int) -> pl.DataFrame:
    """Twenty columns: keys, categories, numbers."""
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "entity": random.integers(0, 100_000, rows),
            "kind": random.integers(0, 10, rows),
            **{f"value_{n}": random.normal(size=rows) for n in range(18)},
        }
    )


def paths_of(store: Store, table: str) -> list[str]:
    """The files of the newest version, as an engine takes them."""
    newest = store.catalog.tables.find_version(table)
    return store.lake.local_paths(store.catalog.tables.files(table, newest.version or 0)) if newest else []


def main() -> None:
    """Prints one line for each kind of read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=2_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, tv.connect(Path(place) / "project") as store:
        many = tv.Table("many", watch="off")
        for number in range(options.commits):
            many.append(wide_rows(1000, number), store=store)
        files = paths_of(store, "many")
        label = f"all of {options.commits} commits ({len(files)} files)"
        ratio(label, lambda: many.read(store=store).collect(), lambda: pl.scan_parquet(files, glob=False).collect())
        first = max(options.commits // 2, 1)
        old = store.lake.local_paths(store.catalog.tables.files("many", first))
        ratio(
            f"version {first} ({len(old)} files)",
            lambda: many.read(first, store=store).collect(),
            lambda: pl.scan_parquet(old, glob=False).collect(),
        )
        large = tv.Table("large", watch="off")
        for number in range(10):
            large.append(wide_rows(options.rows // 10, number), store=store)
        held = paths_of(store, "large")
        wanted = (pl.col("kind") == 3, ["entity", "value_1", "value_2"])
        ratio(
            f"filter and 3 of 20 columns, {options.rows:,} rows",
            lambda: large.read(store=store).filter(wanted[0]).select(wanted[1]).collect(),
            lambda: pl.scan_parquet(held, glob=False).filter(wanted[0]).select(wanted[1]).collect(),
        )


if __name__ == "__main__":
    main()
