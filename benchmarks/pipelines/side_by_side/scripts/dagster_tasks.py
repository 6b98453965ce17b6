"""The work as a Dagster job in one process, with its run record and outputs in files. It reuses nothing."""

import json
import os
import resource
import sys
import time
from pathlib import Path

from dagster import DagsterInstance, DynamicOut, DynamicOutput, FilesystemIOManager, job, op

WORK, SIZE = sys.argv[1], int(sys.argv[2])
FILES = {"io_manager": FilesystemIOManager(base_dir="outputs")}


@op
def first() -> dict:
    return {"count": 0}


@op
def step(given: dict) -> dict:
    return {"count": given["count"] + 1}


@op(out=DynamicOut(dict))
def items():
    for number in range(SIZE):
        yield DynamicOutput({"count": number}, mapping_key=str(number))


@job(resource_defs=FILES)
def chain():
    given = first()
    for number in range(SIZE if WORK == "chain" else 1):
        given = step.alias(f"step_{number}")(given)


@job(resource_defs=FILES)
def mapped():
    items().map(step)


if sys.argv[1] == "frame":
    import polars as pl

    @op
    def make() -> pl.DataFrame:
        number = pl.int_range(0, SIZE, eager=True).cast(pl.Float64)
        return pl.DataFrame({f"x{column}": (number * (0.7 + column)).sin() for column in range(5)})

    @op
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.all() + 1)

    @job(resource_defs=FILES)
    def frame():
        change.alias("again")(change(make()))


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)
    home = Path("home").resolve()
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    os.environ["DAGSTER_HOME"] = str(home)
    begun = time.perf_counter()
    with DagsterInstance.get() as instance:
        globals()[WORK].execute_in_process(instance=instance)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
