"""The split by time, as a task with two outputs."""

from __future__ import annotations

import polars as pl

from trivium.errors import Misuse
from trivium.pipelines.task import task
from trivium.tables.split import split_rows


@task
def split(rows: pl.DataFrame, *, latest: str, time: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(past, exam): the exam is everything within `latest` ("30d") of the newest moment in column `time`.

    `time` may be left out when the rows have one column of times. Raises Misuse otherwise, or when a side is empty.
    """
    return split_rows(rows, time=time or _only_time(rows), latest=latest)


def _only_time(rows: pl.DataFrame) -> str:
    times = [name for name, dtype in rows.schema.items() if dtype.is_temporal() and dtype not in (pl.Time, pl.Duration)]
    if len(times) != 1:
        raise Misuse(f"Say by which column of times to split (time=...): the rows have {times or 'none'}.")
    return times[0]
