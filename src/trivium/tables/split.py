"""The newest rows are the exam: a split by time that moves with the data."""

from __future__ import annotations

from typing import Any

import polars as pl

from trivium.durations import parse_duration
from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import to_frame


def split_rows(rows: Any, *, time: str, latest: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(past, exam): the exam is everything within `latest` ("30d") of the newest moment in column `time`.

    Raises SchemaMismatch without such a column or with nulls in it, Misuse when one side would be empty.
    """
    frame = to_frame(rows)
    if time not in frame.columns:
        raise SchemaMismatch(f"The rows have no column {time!r} to split by; they have {frame.columns}.")
    newest, absent = frame[time].max(), frame[time].null_count()
    if newest is None or absent:
        raise SchemaMismatch(f"{absent} of {frame.height} rows have no {time!r}, so they are on no side of a split.")
    is_new = pl.col(time) > pl.lit(newest) - parse_duration(latest)
    past, exam = frame.filter(~is_new), frame.filter(is_new)
    if not past.height or not exam.height:
        raise Misuse(f"All {frame.height} rows are within {latest} of the newest, so nothing is left to learn from.")
    return past, exam
