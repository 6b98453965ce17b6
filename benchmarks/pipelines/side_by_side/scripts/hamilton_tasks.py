"""The work as a Hamilton dataflow with its cache. It keeps results, and no record of runs."""

import json
import resource
import sys
import time

from hamilton import driver
from hamilton.execution.executors import SynchronousLocalTaskExecutor
from hamilton.function_modifiers import parameterize, source
from hamilton.htypes import Collect, Parallelizable

WORK, SIZE = sys.argv[1], int(sys.argv[2])


def s0() -> dict:
    return {"count": 0}


@parameterize(
    **{f"s{number}": {"given": source(f"s{number - 1}")} for number in range(1, SIZE + 1 if WORK == "chain" else 2)}
)
def step(given: dict) -> dict:
    return {"count": given["count"] + 1}


def item(size: int) -> Parallelizable[dict]:
    for number in range(size):
        yield {"count": number}


def stepped(item: dict) -> dict:
    return {"count": item["count"] + 1}


def mapped(stepped: Collect[dict]) -> list:
    return list(stepped)


if sys.argv[1] == "frame":
    import polars as pl

    def made(size: int) -> pl.DataFrame:
        number = pl.int_range(0, size, eager=True).cast(pl.Float64)
        return pl.DataFrame({f"x{column}": (number * (0.7 + column)).sin() for column in range(5)})

    def changed(made: pl.DataFrame) -> pl.DataFrame:
        return made.with_columns(pl.all() + 1)

    def frame(changed: pl.DataFrame) -> pl.DataFrame:
        return changed.with_columns(pl.all() + 1)


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)
    begun = time.perf_counter()
    builder = driver.Builder().with_modules(sys.modules[__name__]).with_cache()
    if WORK == "mapped":
        builder = builder.enable_dynamic_execution(allow_experimental_mode=True)
        builder = builder.with_remote_executor(SynchronousLocalTaskExecutor())
    wanted = {"chain": f"s{SIZE}", "mapped": "mapped", "frame": "frame"}[WORK]
    builder.build().execute([wanted], inputs={"size": SIZE})
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
