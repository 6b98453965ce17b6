"""Files of rows: read and written whole, by their ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import Misuse
from trivium.frames.frame import frame_of

WRITERS: dict[str, Callable[..., None]] = {
    ".parquet": pl.DataFrame.write_parquet,
    ".csv": pl.DataFrame.write_csv,
    ".jsonl": pl.DataFrame.write_ndjson,
    ".ndjson": pl.DataFrame.write_ndjson,
}


def to_frame(value: Any) -> pl.DataFrame:
    """A polars DataFrame of anything tabular: polars, pandas, Arrow, a DuckDB relation, records, or a file's path.

    Raises UnsupportedValue for what is not tabular, Misuse for a file that cannot be read.
    """
    return read_file(Path(value)) if isinstance(value, (str, Path)) else frame_of(value)


def read_file(path: Path) -> pl.DataFrame:
    """The rows of a Parquet, CSV or JSON lines file. Raises Misuse when it is not one."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Misuse(f"{path} is not a Parquet (.parquet), CSV (.csv) or JSON lines (.jsonl) file.")
    if not path.is_file():
        raise Misuse(f"There is no file {path}.")
    try:
        return reader(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Misuse(f"{path} cannot be read as {path.suffix}: {str(error).splitlines()[0]}") from None


def write_file(rows: pl.DataFrame, path: Path) -> None:
    """The rows are a Parquet, CSV or JSON lines file, whole or not at all. Raises Misuse for another ending."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise Misuse(f"{path} cannot be written: name a .parquet, .csv or .jsonl file.")
    if not path.parent.is_dir():
        raise Misuse(f"There is no folder {path.parent} to write {path.name} into.")
    aside = path.with_name(f".{path.name}.part")
    writer(rows, aside)
    aside.replace(path)


def _read_csv(path: Path) -> pl.DataFrame:
    """Types are guessed from the first rows; only where those misled (an error, never a silent change) from all."""
    options: dict[str, Any] = {"try_parse_dates": True, "null_values": ["", "NA", "null"]}
    try:
        return pl.read_csv(path, infer_schema_length=10_000, **options)
    except pl.exceptions.ComputeError:
        return pl.read_csv(path, infer_schema_length=None, **options)


def _read_json_lines(path: Path) -> pl.DataFrame:
    # Every line is looked at: a column that only later lines have would be dropped in silence.
    return pl.read_ndjson(path, infer_schema_length=None)


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
