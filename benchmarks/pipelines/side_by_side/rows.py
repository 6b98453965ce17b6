"""What is measured: each row is a work, its sizes and which figure of it counts; its goals are those of issue 5."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from side_by_side.engine import Engine
from side_by_side.process import Took, run_script

FEW, SHORT, LONG = 20, 40, 200
ITEMS, MANY, HUGE = 1_000, 10_000, 100_000
FRAME_ROWS = 2_500_000
Figure = float | str
Run = Callable[[str, int], Took]


class Measured(Struct, frozen=True):
    """One figure of a row: seconds, milliseconds or MB, or why there is none."""

    row: str
    unit: str
    figure: Figure


def measure_chain(engine: Engine, folder: Path, limit: float) -> Iterator[Measured]:
    """20 tasks in a row as a whole process: for the first time, and with nothing changed."""
    for row in ("chain of 20, first run", "chain of 20, again"):
        if row.endswith("again") and not engine.reuses:
            return
        took = run_script(engine, folder, "chain", FEW, limit)
        yield Measured(row, "s", took.trouble or took.whole)


def measure_task(engine: Engine, folder: Path, limit: float) -> Iterator[Measured]:
    """What one more task costs: the slope between a short chain and a long one, executed and reused."""
    for row in ("per executed task", "per reused task"):
        if row.startswith("per reused") and not engine.reuses:
            return
        short, long = (run_script(engine, folder / str(size), "chain", size, limit) for size in (SHORT, LONG))
        slope = (long.inside - short.inside) / (LONG - SHORT) * 1000
        yield Measured(row, "ms", short.trouble or long.trouble or slope)


def measure_map(engine: Engine, folder: Path, limit: float) -> Iterator[Measured]:
    """A map over 1,000 items as a whole process."""
    took = run_script(engine, folder, "mapped", ITEMS, limit)
    yield Measured("map over 1,000", "s", took.trouble or took.whole)


def measure_frame(engine: Engine, folder: Path, limit: float) -> Iterator[Measured]:
    """A frame of 100 MB through three tasks, with each one's output persisted."""
    took = run_script(engine, folder, "frame", FRAME_ROWS, limit)
    yield Measured("100 MB through 3 tasks, whole process", "s", took.trouble or took.whole)
    yield Measured("100 MB through 3 tasks, inside", "s", took.trouble or took.inside)


def measure_scheduler(engine: Engine, folder: Path, limit: float, sizes: tuple[int, ...]) -> Iterator[Measured]:
    """Time of a task and memory of the scheduler's process, in a map over more and more items, and how both grow."""
    tooks = [run_script(engine, folder / str(size), "mapped", size, limit * size / ITEMS) for size in sizes]
    for size, took in zip(sizes, tooks, strict=True):
        yield Measured(f"map over {size:,}, per item", "ms", took.trouble or took.inside / size * 1000)
        yield Measured(f"map over {size:,}, memory", "MB", took.trouble or took.peak)
    few, many, trouble = tooks[0], tooks[-1], next((took.trouble for took in tooks if took.trouble), "")
    further = sizes[-1] - sizes[0]
    slope = 0.0 if trouble else (many.inside - few.inside) / further / (few.inside / sizes[0])
    yield Measured("scheduler, time of a further item", "of one of 1,000", trouble or slope)
    yield Measured("scheduler, memory of a further item", "KB", trouble or (many.peak - few.peak) * 1024 / further)
