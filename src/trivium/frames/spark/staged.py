"""The rows of a Spark frame, which Spark writes to files by itself: nothing is collected."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import Misuse
from trivium.frames.mapped import map_rows
from trivium.frames.spark.column_types import check_kept
from trivium.frames.spark.failure import told_in_a_line
from trivium.frames.spark.package import STAGING

LARGE = 64 << 20
OPTIONS = {
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}


@contextmanager
def staged_parts(frame: Any) -> Iterator[list[Path]]:
    """The frame's rows are in these Parquet files, in its order, while the block is open.

    Raises UnsupportedValue for a column that would not come back as it is, and what `told_in_a_line` tells.
    """
    check_kept(frame.schema.jsonValue())
    session = frame.sparkSession
    with tempfile.TemporaryDirectory(prefix="trivium-spark-", dir=session.conf.get(STAGING, None)) as scratch:
        folder = Path(scratch) / "rows"
        with _set(session, OPTIONS), told_in_a_line():
            frame.write.option("compression", "lz4").parquet(f"file:{folder.absolute()}")
        if not (folder / "_SUCCESS").is_file():
            raise Misuse(
                f"Spark wrote its rows, but not where this process sees them ({folder}): the machines of the cluster "
                "have to share the project's folder."
            )
        yield sorted(folder.glob("part-*.parquet"))


@contextmanager
def staged_rows(frame: Any) -> Iterator[pl.LazyFrame]:
    """The same as one lazy frame."""
    with staged_parts(frame) as parts:
        yield pl.scan_parquet(parts, glob=False)


def read_spark(frame: Any) -> pl.DataFrame:
    """The rows of a Spark frame. Those of large parts stay on disk and are read in place, see `map_rows`."""
    with staged_parts(frame) as parts:
        return pl.concat([_read(part) for part in parts])


def stream_spark(frame: Any, size: int) -> Iterator[pl.DataFrame]:
    """The rows in pieces of about so many."""
    with staged_rows(frame) as rows:
        yield from rows.collect_batches(chunk_size=size, maintain_order=True)


def _read(part: Path) -> pl.DataFrame:
    rows = pl.read_parquet(part, glob=False)
    return map_rows(rows, part.with_suffix(".arrow")) if rows.estimated_size() > LARGE else rows


@contextmanager
def _set(session: Any, options: dict[str, str]) -> Iterator[None]:
    """Inside the block, the session has these settings."""
    before = {name: session.conf.get(name, None) for name in options}
    for name, value in options.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            session.conf.unset(name) if old is None else session.conf.set(name, old)
