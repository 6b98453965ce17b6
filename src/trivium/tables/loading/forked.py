"""Rows for a process that was forked, where polars' threads are not and its every call would wait for ever.

DuckDB starts threads of its own with each database, so a database that is opened after the fork is sound.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl

from trivium.tables.loading.matrix import Matrix, Precision, refuse_wide
from trivium.tables.loading.pieces import Span
from trivium.tables.loading.row_source import RowSource, ranges_of


def read_matrix(source: RowSource, spans: Sequence[Span], precision: Precision) -> Matrix:
    """The wanted rows of these spans as `matrix_of` makes them, read without polars."""
    with duckdb.connect(":memory:") as database:
        if source.version.where is None:
            return _join([_read(database, source, each, "TRUE", precision) for each in ranges_of(spans)])
        wanted = f"COALESCE(({source.version.where.text}\n), FALSE)"
        return _join(
            [
                _read(database, source, (span.piece.start, span.piece.stop), wanted, precision)[span.first : span.last]
                for span in spans
            ]
        )


def _read(
    database: duckdb.DuckDBPyConnection, source: RowSource, rows: tuple[int, int], wanted: str, precision: Precision
) -> Matrix:
    parts = []
    for file, first, last in source.files_of(*rows):
        path = source.lake.local_paths([file])[0]
        held = {name for (name, *_) in database.execute("DESCRIBE FROM read_parquet(?)", [path]).fetchall()}
        absent = [name for name in source.schema if name not in held]
        nulls = "".join(f", NULL::{_number_type(source.schema[name])} AS {_quoted(name)}" for name in absent)
        columns = ", ".join(_quoted(name) for name in source.version.columns)
        found = database.execute(
            f"SELECT {columns} FROM (SELECT *{nulls} FROM read_parquet(?, file_row_number = true)) "  # noqa: S608 # names are quoted, the condition was parsed as one scalar expression
            f"WHERE file_row_number >= ? AND file_row_number < ? AND {wanted}",
            [path, first, last],
        )
        parts.append(_matrix(found.fetchnumpy(), source.version.columns, precision))
    return _join(parts)


def _matrix(values: dict[str, np.ndarray], columns: Sequence[str], precision: Precision) -> Matrix:
    height = len(values[columns[0]])
    matrix: Matrix = np.empty((height, len(columns)), precision)
    for at, name in enumerate(columns):
        column = values[name]
        known = np.ma.compressed(column) if isinstance(column, np.ma.MaskedArray) else column
        if known.dtype.kind in "iu" and known.size:
            refuse_wide(name, (int(known.min()), int(known.max())), precision)
        matrix[:, at] = np.ma.filled(column.astype(precision), np.nan)
    return matrix


def _join(parts: list[Matrix]) -> Matrix:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _number_type(dtype: pl.DataType) -> str:
    return "DOUBLE" if dtype.is_float() else "VARCHAR" if not dtype.is_numeric() else "BIGINT"
