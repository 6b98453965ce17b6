"""What the storage of a table's files costs, beside Polars writing and reading the same files by itself.

Run: python benchmarks/tables/storage.py [--files 1000]. Half a minute; nothing but Trivium is needed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from trivium.ids import new_id
from trivium.store.lake import Lake

ROWS = 10_000
COLUMNS = ("id", "at", "a", "b", "c", "tail", "origin", "late")


def make_rows() -> pl.DataFrame:
    """10,000 rows of 8 columns, as a table of flights has them."""
    random = np.random.default_rng(0)
    start = pl.datetime(2024, 1, 1)
    return pl.DataFrame(
        {
            "id": np.arange(ROWS),
            "at": pl.datetime_range(start, start + pl.duration(seconds=ROWS - 1), "1s", eager=True),
            "a": random.normal(size=ROWS),
            "b": random.normal(size=ROWS).round(2),
            "c": random.integers(0, 100, ROWS),
            "tail": [f"N{number}" for number in random.integers(0, 3000, ROWS)],
            "origin": random.choice(["JFK", "LGA", "EWR"], ROWS),
            "late": random.normal(size=ROWS) > 0,
        }
    )


def write_bare(rows: pl.DataFrame, path: Path) -> None:
    """Parquet and fsync: the floor."""
    rows.write_parquet(path)
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def side_by_side(acts: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """The median of each act in milliseconds, taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(times):
        for name, act in acts.items():
            began = time.perf_counter()
            act()
            taken[name].append((time.perf_counter() - began) * 1e3)
    return {name: statistics.median(each) for name, each in taken.items()}


def report(title: str, taken: dict[str, float]) -> None:
    """A small table, in ratios of the first."""
    floor = next(iter(taken.values()))
    print(title)
    for name, value in taken.items():
        print(f"  {name:<44} {value:9.2f} ms   {value / floor:5.2f} x")


def main(count: int) -> None:
    """Writes, then reads."""
    rows = make_rows()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "bare").mkdir()
        lake = Lake(root / "lake", ids=new_id)
        lake.write("flights", "all", rows)
        taken = side_by_side(
            {
                "Polars write_parquet + fsync": lambda: write_bare(rows, root / "bare" / new_id()),
                "Lake.write (digest, fsync of file and folder)": lambda: lake.write("flights", "all", rows),
                "Lake.write_lazy": lambda: lake.write_lazy("flights", "all", rows.lazy()),
            },
            60,
        )
        report(f"append of {ROWS:,} rows x 8 columns", taken)
        small = rows.head(100)
        files = [Lake(root / "many", ids=new_id, sync=False).write("t", "all", small) for _ in range(count)]
        read(root / "many", files, count)


def read(root: Path, files: list, count: int) -> None:  # type: ignore[type-arg] # of DataFile
    """Reading many small files, by Polars and by a lake that looks at each of them."""
    paths = [str(root / file.path) for file in files]
    warm = Lake(root, ids=new_id)
    unstamped = [type(file)(file.path, file.partition, file.rows, file.bytes, file.digest) for file in files]
    taken = side_by_side(
        {
            "Polars scan_parquet + collect": lambda: pl.scan_parquet(paths, glob=False).collect(),
            "Lake.scan + collect": lambda: warm.scan(files, COLUMNS).collect(),
        },
        5,
    )
    report(f"read of {count:,} files of 100 rows", taken)
    taken = side_by_side(
        {
            "stat alone": lambda: [os.lstat(path) for path in paths],
            "local_paths: stamps, links, names": lambda: warm.local_paths(files),
            "local_paths without stamps (digests read)": lambda: Lake(root, ids=new_id).local_paths(unstamped),
            "scan, columns known": lambda: warm.scan(files, COLUMNS),
            "scan, columns unknown, footers known": lambda: warm.scan(files),
            "scan, columns unknown, first time": lambda: Lake(root, ids=new_id).scan(files),
        },
        5,
    )
    report(f"looking at {count:,} files before they are read", taken)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=1000)
    main(arguments.parse_args().files)
