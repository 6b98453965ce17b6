"""1,000 tasks on Ray beside bare Ray tasks, by turns in one process: no-op tasks that return a small dict.

    python benchmarks/pipelines/on_ray.py [--items N] [--repeat N] [--json]

Bare: `ray.get([task.remote(i) for i in range(N)])`, of which nothing is kept. Kept: the same, each result in a file and
all in one SQLite table, both with fsync, which is the least that a record of the run needs. Ours: a map over N items,
each on record before anything that depends on it. Ray is warm; its start is measured apart.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray

import trivium as tv
from trivium.pipelines.executors.ray_cluster import join_ray
from trivium.store.store import connect


@tv.task
def small(i: int) -> dict[str, int]:
    """No work."""
    return {"x": i}


@tv.pipeline
def many(items: list[int]) -> Any:
    """One task for each item."""
    return small.map(items)


def main() -> None:
    options = parse_options()
    begun = time.perf_counter()
    join_ray("")
    start = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as place:
        turns = measure(Path(place), options.items, options.repeat)
    medians = {name: statistics.median(seconds) for name, seconds in turns.items()}
    ratios = {f"ours / {name}": medians["ours"] / medians[name] for name in ("bare", "kept")}
    ratios["ours / bare, with the start of Ray"] = (start + medians["ours"]) / (start + medians["bare"])
    if options.json:
        print(json.dumps({"start": start, "medians": medians, "ratios": ratios, "turns": turns}, indent=2))
        return
    print(f"start of Ray {start:.2f} s, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name, seconds in medians.items():
        print(f"{name:6} {seconds:6.2f} s for {options.items:,} tasks")
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")


def parse_options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(folder: Path, items: int, repeat: int) -> dict[str, list[float]]:
    """Seconds of each turn, by name; the first turn of each is not counted."""
    remote = ray.remote(max_retries=0)(small.function)
    with connect(folder / "project", executor="ray") as store:
        works: dict[str, Callable[[int], object]] = {
            "bare": lambda turn: ray.get([remote.remote(i) for i in range(items)]),
            "kept": lambda turn: keep(folder / f"kept{turn}", remote, items),
            "ours": lambda turn: many.run(items=[turn * items + i for i in range(items)], store=store),
        }
        turns: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(repeat + 1):
            for name, work in works.items():
                begun = time.perf_counter()
                work(turn)
                turns[name].append(time.perf_counter() - begun)
    return {name: seconds[1:] for name, seconds in turns.items()}


def keep(folder: Path, remote: Any, items: int) -> None:
    """Bare tasks whose results outlive a crash."""
    folder.mkdir()
    database = sqlite3.connect(folder / "record.db", isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE task (number INTEGER PRIMARY KEY, seconds REAL)")
    open_ones = {remote.remote(i): i for i in range(items)}
    while open_ones:
        ready, _ = ray.wait(list(open_ones), num_returns=1)
        for done in ready:
            number = open_ones.pop(done)
            with (folder / f"{number}.json").open("w") as file:
                json.dump(ray.get(done), file)
                file.flush()
                os.fsync(file.fileno())
            database.execute("INSERT INTO task VALUES (?, ?)", (number, time.time()))
    database.close()


if __name__ == "__main__":
    main()
