"""The work as a redun script, recorded in its SQLite database."""

from __future__ import annotations

import json
import resource
import sys
import time

from redun import Scheduler, task
from redun.config import Config

redun_namespace = "work"


@task()
def step(given: dict) -> dict:
    return {"count": given["count"] + 1}


@task()
def numbers(size: int) -> list:
    return [{"count": number} for number in range(size)]


@task()
def chain(size: int) -> dict:
    given = {"count": 0}
    for _ in range(size):
        given = step(given)
    return given


@task()
def each(items: list) -> list:
    return [step(item) for item in items]


@task()
def mapped(size: int) -> list:
    return each(numbers(size))


if sys.argv[1] == "frame":
    import polars as pl

    @task()
    def make(rows: int) -> pl.DataFrame:
        number = pl.int_range(0, rows, eager=True).cast(pl.Float64)
        return pl.DataFrame({f"x{column}": (number * (0.7 + column)).sin() for column in range(5)})

    @task()
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.all() + 1)

    @task()
    def frame(size: int) -> pl.DataFrame:
        return change(change(make(size)))


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)
    work, size = sys.argv[1], int(sys.argv[2])
    begun = time.perf_counter()
    scheduler = Scheduler(config=Config({"backend": {"db_uri": "sqlite:///redun.db"}}))
    scheduler.load(migrate=True)
    scheduler.run(globals()[work](size))
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
