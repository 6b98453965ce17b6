"""Rows of a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from trivium.digest import digest_file, digest_of
from trivium.errors import Misuse
from trivium.frames.frame import frame_of
from trivium.frames.stream import Stream, Wish, piece_rows
from trivium.sources.address import check_columns, local_file, select_statement

MEMORY = "192MB"
READS = (duckdb.StatementType.SELECT,)


def open_duckdb(text: str, wish: Wish) -> Stream:
    """The rows of a table or a query of a DuckDB file, which is opened read-only.

    They are set aside first, so that they are those of one moment. Raises Misuse for a file or query that is none.
    """
    path, options = local_file(text)
    query = select_statement(options, wish, text)
    database = duckdb.connect(wish.scratch / "rows.duckdb")
    try:
        _set_aside(database, path, query, wish.scratch)
        rows = int(database.execute("SELECT count(*) FROM rows.main.pieces").fetchall()[0][0])
    except duckdb.Error as error:
        database.close()
        raise Misuse(f"{text} cannot be read: {str(error).splitlines()[0]}") from None
    return Stream(text, _pieces(database, rows, text), rows, _digest(path, query))


def _set_aside(database: duckdb.DuckDBPyConnection, path: Path, query: str, scratch: Path) -> None:
    statements = database.extract_statements(query)
    if len(statements) != 1 or statements[0].type not in READS:
        raise Misuse(f"A source is one SELECT, not {query!r}.")
    settings: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": str(scratch), "TimeZone": "UTC"}
    for name, value in settings.items():
        database.execute(f"SET {name} = ?", [value])
    place = str(path).replace("'", "''")
    database.execute(f"ATTACH '{place}' AS source (READ_ONLY, TYPE duckdb)")
    database.execute("USE source")
    check_columns(database.sql(query).columns, str(path))
    database.execute(f"CREATE TABLE rows.main.pieces AS {query}")
    database.execute("USE rows")


def _pieces(database: duckdb.DuckDBPyConnection, rows: int, name: str) -> Iterator[pl.DataFrame]:
    with database:
        size = piece_rows(len(database.table("pieces").columns))
        for first in range(0, max(rows, 1), size):
            window = f"SELECT * FROM pieces WHERE rowid >= {first} AND rowid < {first + size}"  # noqa: S608
            yield frame_of(database.sql(window))


def _digest(path: Path, query: str) -> str:
    log = Path(f"{path}.wal")
    return digest_of("source", [digest_file(path), digest_file(log) if log.is_file() else "", query])
