"""Appends of 10,000 rows x 8 columns: ours against bare Parquet writes with fsync, and Delta Lake's own writer.

Every round does one append of each kind, one after the other, so that a busy machine slows all of them alike. Ratios
are of medians. `--commits N` makes N of ours; the bare write and Delta Lake (optional: `deltalake`) are interleaved for
the first 300 of them and the last 100.

    python benchmarks/tables/commits.py --commits 1000
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
import pyarrow as pa
import pyarrow.parquet as pq

import trivium as tv

ROWS, COLUMNS = 10_000, 8


def make_rows(seed: int) -> pl.DataFrame:
    """Numbers, texts and times, no two batches alike."""
    random = np.random.default_rng(seed)
    start = np.datetime64("2024-01-01") + np.timedelta64(seed, "s")
    return pl.DataFrame(
        {
            "id": np.arange(seed * ROWS, (seed + 1) * ROWS),
            "entity": random.integers(0, 100_000, ROWS),
            "at": start + random.integers(0, 86_400_000_000, ROWS).astype("timedelta64[us]"),
            "kind": random.choice(["view", "click", "order", "return"], ROWS),
            **{f"value_{n}": random.normal(size=ROWS) for n in range(COLUMNS - 4)},
        }
    )


def write_bare(folder: Path, number: int, rows: pl.DataFrame) -> None:
    """One Parquet file, synced. The floor: no table, no record of it."""
    path = folder / f"{number}.parquet"
    rows.write_parquet(path, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_arrow(folder: Path, number: int, rows: pa.Table) -> None:
    """The same floor by Arrow's own writer."""
    path = folder / f"{number}.arrow.parquet"
    pq.write_table(rows, path, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def find_delta(folder: Path) -> Callable[[pl.DataFrame], None] | None:
    """Delta Lake's append, or None when it is not installed."""
    try:
        from deltalake import write_deltalake  # noqa: PLC0415 # optional
    except ImportError:
        return None
    return lambda rows: write_deltalake(str(folder), rows.to_arrow(), mode="append")


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of wall time."""
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Prints one line of ratios for each stretch of commits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--watch", default="off", choices=["off", "warn", "block"])
    options = parser.parse_args()
    stretches = {"1-300": (0, 300), "last 100": (max(options.commits - 100, 300), options.commits)}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "bare").mkdir()
        delta = find_delta(root / "delta")
        times: dict[str, list[float]] = {"trivium": [], "bare": [], "arrow": [], "delta": []}
        at: list[int] = []
        with tv.connect(root / "project") as store:
            table = tv.Table("events", watch=options.watch)
            for number in range(options.commits):
                rows = make_rows(number)
                times["trivium"].append(timed(lambda rows=rows: table.append(rows, store=store)))  # type: ignore[misc]
                if any(start <= number < end for start, end in stretches.values()):
                    at.append(number)
                    times["bare"].append(timed(lambda rows=rows, n=number: write_bare(root / "bare", n, rows)))  # type: ignore[misc]
                    table_of_arrow = rows.to_arrow()
                    times["arrow"].append(
                        timed(lambda rows=table_of_arrow, n=number: write_arrow(root / "bare", n, rows))  # type: ignore[misc]
                    )
                    if delta is not None:
                        times["delta"].append(timed(lambda rows=rows: delta(rows)))  # type: ignore[misc]
        for name, (start, end) in stretches.items():
            ours = statistics.median(times["trivium"][start:end])
            peers = [place for place, number in enumerate(at) if start <= number < end]
            bare = statistics.median(times["bare"][place] for place in peers)
            arrow = statistics.median(times["arrow"][place] for place in peers)
            line = f"commits {name:>9}: trivium {ours:6.2f} ms = {ours / bare:4.2f} x polars + fsync ({bare:.2f} ms)"
            line += f" = {ours / arrow:4.2f} x pyarrow + fsync ({arrow:.2f} ms)"
            if times["delta"]:
                other = statistics.median(times["delta"][place] for place in peers)
                line += f" = {ours / other:4.2f} x deltalake ({other:.2f} ms)"
            print(line + f"; p99 {sorted(times['trivium'][start:end])[int((end - start) * 0.99)]:.1f} ms")
        for mark in (100, 1000, 10_000):
            if mark <= options.commits:
                ours = statistics.median(times["trivium"][max(mark - 50, 0) : mark])
                base = statistics.median(times["trivium"][50:100])
                print(f"at commit {mark:>6}: {ours / base:4.2f} x commit 100")


if __name__ == "__main__":
    main()
