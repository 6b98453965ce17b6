"""The work without an engine: functions, a fsynced file and a SQLite commit for each; Parquet for frames."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import sys
import time
from pathlib import Path


def step(given: dict[str, int]) -> dict[str, int]:
    return {"count": given["count"] + 1}


def keep(database: sqlite3.Connection, number: int, value: dict[str, int]) -> None:
    """The value is in a file, and the file on record, also when the power goes away now."""
    path = Path("kept") / f"{number}.json"
    with path.open("wb") as file:
        file.write(json.dumps(value).encode())
        file.flush()
        os.fsync(file.fileno())
    database.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?)", (number, str(path), time.time()))
    database.commit()


def chain(size: int) -> None:
    Path("kept").mkdir(exist_ok=True)
    database = sqlite3.connect("tasks.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS tasks (number INTEGER PRIMARY KEY, path TEXT, at REAL)")
    given = {"count": 0}
    for number in range(size):
        given = step(given)
        keep(database, number, given)
    database.close()


def frame(size: int) -> None:
    import polars as pl  # noqa: PLC0415 # for frames only, as in the other scripts

    number = pl.int_range(0, size, eager=True).cast(pl.Float64)
    rows = pl.DataFrame({f"x{column}": (number * (0.7 + column)).sin() for column in range(5)})
    rows.write_parquet("0.parquet", compression="zstd", compression_level=1)
    for turn in range(2):
        rows = pl.read_parquet(f"{turn}.parquet").with_columns(pl.all() + 1)
        rows.write_parquet(f"{turn + 1}.parquet", compression="zstd", compression_level=1)


if __name__ == "__main__":
    work, size = sys.argv[1], int(sys.argv[2])
    begun = time.perf_counter()
    {"chain": chain, "mapped": chain, "frame": frame}[work](size)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
