"""Rows of an SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import polars as pl

from trivium.digest import digest_file, digest_of
from trivium.errors import Misuse
from trivium.frames.frame import frame_of
from trivium.frames.stream import Stream, Wish, piece_rows
from trivium.frames.texts import read_texts
from trivium.sources.address import check_columns, local_file, select_statement


def open_sqlite(text: str, wish: Wish) -> Stream:
    """The rows of a table or a query of an SQLite file, which is opened read-only.

    SQLite has no times: texts become what the table's columns are. Raises Misuse for a file or query that is none.
    """
    path, options = local_file(text)
    query = select_statement(options, wish, text)
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, check_same_thread=False)
        connection.execute("BEGIN")
        rows = connection.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]  # noqa: S608 # read-only
        cursor = connection.execute(query)
    except sqlite3.Error as error:
        raise Misuse(f"{text} cannot be read: {error}") from None
    names = [column[0] for column in cursor.description]
    check_columns(names, text)
    return Stream(text, _pieces(connection, cursor, names, wish, text), rows, _digest(path, query))


def _pieces(
    connection: sqlite3.Connection, cursor: sqlite3.Cursor, names: list[str], wish: Wish, text: str
) -> Iterator[pl.DataFrame]:
    with closing(connection):
        try:
            while values := cursor.fetchmany(piece_rows(len(names))):
                columns = zip(*values, strict=True)
                yield read_texts(frame_of(dict(zip(names, columns, strict=True))), wish)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise Misuse(f"{text} cannot be read: {error}") from None


def _digest(path: Path, query: str) -> str:
    log = Path(f"{path}-wal")
    return digest_of("source", [digest_file(path), digest_file(log) if log.is_file() else "", query])
