"""A version of a table written to a file, a piece at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from msgspec import Struct

from trivium.frames import write_file
from trivium.store.store import Store
from trivium.tables.at import find_table_version


class Export(Struct, frozen=True):
    """A file that has rows of a version."""

    table: str
    version: int
    file: str
    rows: int
    bytes: int


def export_version(
    store: Store,
    name: str,
    file: Path,
    *,
    version: int | None = None,
    where: str | None = None,
    columns: Sequence[str] | None = None,
) -> Export:
    """The rows of a version are in a Parquet, CSV, JSON lines or Arrow file, whole or not at all.

    version: None is the newest. where: an SQL condition. columns: only these. Raises NotFound, Misuse for an unknown
    column, condition or ending, UnsupportedValue for columns that the file's format has no form for.
    """
    found = find_table_version(store, name, version)
    rows = found.read(columns, where)
    size = write_file(rows, file)
    count = found.commit.rows if where is None else int(rows.select(pl.len()).collect().item())
    return Export(name, found.version, str(file), count, size)
