"""The work as a Prefect flow with persisted results, on the server that it starts for itself."""

import json
import resource
import sys
import time

from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE

KEPT = {"persist_result": True, "cache_policy": INPUTS + TASK_SOURCE}


@task(**KEPT)
def step(given: dict) -> dict:
    return {"count": given["count"] + 1}


@task(**KEPT)
def numbers(size: int) -> list:
    return [{"count": number} for number in range(size)]


@flow
def chain(size: int) -> dict:
    given = {"count": 0}
    for _ in range(size):
        given = step(given)
    return given


@flow
def mapped(size: int) -> list:
    return step.map(numbers(size)).result()


if sys.argv[1] == "frame":
    import polars as pl

    @task(**KEPT)
    def make(rows: int) -> pl.DataFrame:
        number = pl.int_range(0, rows, eager=True).cast(pl.Float64)
        return pl.DataFrame({f"x{column}": (number * (0.7 + column)).sin() for column in range(5)})

    @task(**KEPT)
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.all() + 1)

    @flow
    def frame(size: int) -> None:
        change(change(make(size)))


if __name__ == "__main__":
    work, size = sys.argv[1], int(sys.argv[2])
    begun = time.perf_counter()
    globals()[work](size)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
