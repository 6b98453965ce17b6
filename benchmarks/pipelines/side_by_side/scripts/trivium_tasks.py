"""The work as a Trivium script: python trivium_tasks.py WORK SIZE."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import TYPE_CHECKING

import trivium as tv

if TYPE_CHECKING:
    import polars as pl


@tv.task
def step(given: dict[str, int]) -> dict[str, int]:
    return {"count": given["count"] + 1}


@tv.task
def numbers(size: int) -> list[dict[str, int]]:
    return [{"count": number} for number in range(size)]


@tv.task
def make(rows: int) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 # for frames only, as in the other scripts

    number = pl.int_range(0, rows, eager=True).cast(pl.Float64)
    return pl.DataFrame({f"x{column}": (number * (0.7 + column)).sin() for column in range(5)})


@tv.task
def change(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 # for frames only, as in the other scripts

    return frame.with_columns(pl.all() + 1)


@tv.pipeline
def chain(size: int) -> dict[str, int]:
    given = {"count": 0}
    for _ in range(size):
        given = step(given)
    return given


@tv.pipeline
def mapped(size: int) -> list[dict[str, int]]:
    return step.map(numbers(size))


@tv.pipeline
def frame(size: int) -> pl.DataFrame:
    return change(change(make(size)))


if __name__ == "__main__":
    work, size = sys.argv[1], int(sys.argv[2])
    begun = time.perf_counter()
    {"chain": chain, "mapped": mapped, "frame": frame}[work].run(size=size)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
