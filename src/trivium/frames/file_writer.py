"""Rows out into a file, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import Misuse, UnsupportedValue
from trivium.frames.frame import engine_error
from trivium.frames.storable import parts
from trivium.frames.types import type_name

SINKS: dict[str, Callable[[pl.LazyFrame, Path], object]] = {
    ".parquet": lambda rows, path: rows.sink_parquet(path),
    ".csv": lambda rows, path: rows.sink_csv(path),
    ".jsonl": lambda rows, path: rows.sink_ndjson(path),
    ".ndjson": lambda rows, path: rows.sink_ndjson(path),
    ".arrow": lambda rows, path: rows.sink_ipc(path),
    ".feather": lambda rows, path: rows.sink_ipc(path),
}
TEXT_LACKS: dict[str, tuple[Any, ...]] = {
    ".csv": (pl.Binary, pl.List, pl.Array, pl.Struct, pl.Map, pl.Duration),
    ".jsonl": (pl.Binary, pl.Map, pl.Duration),
    ".ndjson": (pl.Binary, pl.Map, pl.Duration),
}


def write_file(rows: pl.LazyFrame, path: Path) -> int:
    """The rows are a Parquet, CSV, JSON lines or Arrow file, by its ending, whole or not at all. Returns its bytes.

    Raises Misuse for another ending, UnsupportedValue for columns that the file's format has no form for.
    """
    sink = SINKS.get(path.suffix.lower())
    if sink is None:
        raise Misuse(f"{path} cannot be written: name a .parquet, .csv, .jsonl or .arrow file.")
    if not path.parent.is_dir():
        raise Misuse(f"There is no folder {path.parent} to write {path.name} into.")
    _check_types(rows.collect_schema(), path)
    aside = path.with_name(f".{path.name}.part")
    try:
        sink(rows, aside)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        if engine_error(error) and not isinstance(error, OSError):
            raise Misuse(f"{path} cannot be written: {next(iter(str(error).splitlines()), error)}") from None
        raise
    aside.replace(path)
    return path.stat().st_size


def _check_types(schema: pl.Schema, path: Path) -> None:
    lacks = TEXT_LACKS.get(path.suffix.lower(), ())
    for name, dtype in schema.items():
        if any(isinstance(part, lacks) for part in parts(dtype)):
            raise UnsupportedValue(
                f"Column {name!r} is {type_name(dtype)}, which a {path.suffix} file has no form for; export to "
                ".parquet or .arrow, or leave the column out with `--columns`."
            )
