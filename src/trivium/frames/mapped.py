"""Rows that are read in place from a file: the operating system keeps and drops their pages, not this process."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import polars as pl

from trivium.frames.storable import parts

TOO_WIDE = (pl.Int128, pl.UInt128)


def map_rows(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The same rows, in a file at this path that has no name any more and is gone when nothing reads them.

    Columns of 128-bit numbers stay in memory, and so does everything where pyarrow is not installed.
    """
    arrow = _find_arrow()
    kept = [name for name, dtype in rows.schema.items() if any(part in TOO_WIDE for part in parts(dtype))]
    if arrow is None or len(kept) == rows.width:
        return rows
    try:
        rows.drop(kept).rechunk().write_ipc(path, compression="uncompressed")
        with arrow.memory_map(str(path)) as file:
            mapped = pl.DataFrame(pl.from_arrow(arrow.ipc.open_file(file).read_all(), rechunk=False))
    finally:
        path.unlink(missing_ok=True)
    return mapped.with_columns(rows[name] for name in kept).select(rows.columns)


def _find_arrow() -> ModuleType | None:
    try:
        return import_module("pyarrow")
    except ModuleNotFoundError:
        return None
