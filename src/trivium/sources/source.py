"""Any place that rows come from, opened."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import Misuse
from trivium.frames.files import open_file
from trivium.frames.frame import frame_of
from trivium.frames.spark.kind import is_spark_frame
from trivium.frames.spark.staged import stream_spark
from trivium.frames.stream import Stream, Wish, collect, piece_rows, slices
from trivium.sources.duckdb_file import open_duckdb
from trivium.sources.folder import is_pattern, open_folder, open_pattern
from trivium.sources.postgres import open_postgres
from trivium.sources.s3_object import open_object
from trivium.sources.sqlite_file import open_sqlite

OPENERS: dict[str, Callable[[str, Wish], Stream]] = {
    "duckdb": open_duckdb,
    "sqlite": open_sqlite,
    "postgresql": open_postgres,
    "postgres": open_postgres,
    "s3": open_object,
}
DATABASES = (".db", ".sqlite", ".sqlite3", ".duckdb")


def open_source(value: Any, wish: Wish) -> Stream:
    """The rows of a place or a frame, in pieces.

    value: the path of a Parquet, CSV, JSON lines or Arrow file, of a folder of them, or a pattern (`data/*.csv`); the
    address of a table in a database (`duckdb:///file.db?table=t`, `sqlite:///...`, `postgresql://...`) or of an object
    (`s3://bucket/key`); or a frame of any kind. Raises Misuse for a place that is none of these.
    """
    if not isinstance(value, (str, Path)):
        return _open_frame(value)
    scheme, mark, _ = str(value).partition("://")
    if mark and isinstance(value, str):
        return _open_address(scheme, value, wish)
    if wish.query is not None:
        raise Misuse(f"{value} is no database, so there is nothing to ask it; leave `--query` out.")
    if "\0" in str(value):
        raise Misuse(f"{str(value)!r} is no path: it has a NUL in it.")
    path = Path(value)
    if path.is_dir():
        return open_folder(path, wish)
    if is_pattern(str(value)):
        return open_pattern(str(value), wish)
    if path.suffix.lower() in DATABASES:
        raise Misuse(f"{path} is a database: name its table, such as sqlite:///{path}?table=name, or duckdb:///...")
    return open_file(path, wish)


def read_source(value: Any, *, types: Any = None, time: str | None = None, query: str | None = None) -> pl.DataFrame:
    """All rows of a place or a frame, in memory; see `open_source`."""
    if not isinstance(value, (str, Path)):
        return frame_of(value)
    with tempfile.TemporaryDirectory(prefix="trivium-") as scratch:
        return collect(open_source(value, Wish(Path(scratch), types or {}, time, query)))


def _open_address(scheme: str, text: str, wish: Wish) -> Stream:
    opener = OPENERS.get(scheme.lower())
    if opener is None:
        raise Misuse(f"{scheme}:// is no source: addresses begin with {', '.join(f'{each}://' for each in OPENERS)}.")
    return opener(text, wish)


def _open_frame(value: Any) -> Stream:
    if isinstance(value, pl.LazyFrame):
        size = piece_rows(len(value.collect_schema()))
        return Stream("the frame", (frame_of(each) for each in value.collect_batches(chunk_size=size)))
    if is_spark_frame(value):
        return Stream("the frame", stream_spark(value, piece_rows(len(value.columns))))
    frame = frame_of(value)
    return Stream("the frame", slices(frame), frame.height)
