"""The rows that somebody gives to a table: a frame, or a place where rows are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from trivium.frames import dtype_of, frame_of
from trivium.sources.source import read_source
from trivium.store.store import Store
from trivium.values.tables import TableSpec


def read_given(store: Store, spec: TableSpec, value: Any, *, query: str | None = None) -> pl.DataFrame:
    """The rows of a frame of any kind, or of a place (see `open_source`), where texts are read as the table's types.

    query: what to ask a database.
    Raises UnsupportedValue for what is not tabular or would change, Misuse for a place that cannot be read.
    """
    if not isinstance(value, (str, Path)):
        return frame_of(value)
    newest = store.catalog.tables.find_version(spec.name)
    types = {column.name: dtype_of(column.type) for column in newest.columns} if newest else {}
    return read_source(value, types=types, time=spec.time, query=query)
