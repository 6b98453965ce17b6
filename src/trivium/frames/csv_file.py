"""CSV: strict about the form of the file, and about what its texts may be read as."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from trivium.errors import Misuse
from trivium.frames.stream import Wish, piece_rows
from trivium.frames.texts import TextTypes

FOREIGN = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
LONGEST_LINE = 4 << 20
MEMORY = "128MB"
MEMORY_AFTERWARDS = "64MB"
THREADS = 2


def stream_csv(path: Path, wish: Wish) -> tuple[int | None, Iterator[pl.DataFrame]]:
    """How many rows a CSV file has, and the rows in pieces. The whole file has been read once when this returns.

    Every row has a field for each name in the first one; empty fields are null. Raises Misuse, naming the line, for a
    file that is ragged, not UTF-8, or whose quotes do not close.
    """
    names = _header(path)
    database = duckdb.connect(wish.scratch / "csv.duckdb")
    _load(database, path, len(names), wish.scratch)
    database.execute("SET memory_limit = ?", [MEMORY_AFTERWARDS])
    found = database.execute("SELECT count(*) FROM texts").fetchone()
    count = int(found[0]) if found else 0
    types = TextTypes(wish)
    for piece in _pieces(database, names, count):
        types.see(piece)
    return count, _typed(database, names, count, types)


def _typed(
    database: duckdb.DuckDBPyConnection, names: list[str], count: int, types: TextTypes
) -> Iterator[pl.DataFrame]:
    with database:
        if not count:
            yield pl.DataFrame(schema=dict.fromkeys(names, pl.Null))
        for piece in _pieces(database, names, count):
            yield types.read(piece)


def _pieces(database: duckdb.DuckDBPyConnection, names: list[str], count: int) -> Iterator[pl.DataFrame]:
    size = piece_rows(2 * len(names))  # texts are larger than what they stand for
    for first in range(0, count, size):
        piece = database.sql(f"SELECT * FROM texts WHERE rowid >= {first} AND rowid < {first + size}")  # noqa: S608
        yield pl.DataFrame(piece).rename(dict(zip(_columns(len(names)), names, strict=True)))


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        start = file.read(2)
    if not start:
        raise Misuse(f"{path} is empty: there is not even a row of column names.")
    if start in FOREIGN:
        raise Misuse(f"{path} is {FOREIGN[start]}; convert it to UTF-8: `iconv -f UTF-16 -t UTF-8`.")
    try:
        # What is not UTF-8 is told further down by its line; here only the names matter.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            names = next((row for row in csv.reader(text, strict=True) if row), [])
    except csv.Error as error:
        raise Misuse(f"{path} cannot be read as CSV: {error} in the row of column names.") from None
    _check_names(path, names)
    return names


def _check_names(path: Path, names: list[str]) -> None:
    if any(not name.isascii() and any("\udc80" <= char <= "\udcff" for char in name) for name in names):
        raise Misuse(f"{path} line 1 is not UTF-8 text; convert the file: `iconv -f LATIN1 -t UTF-8`.")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise Misuse(f"{path} has the columns {twice} more than once; rename them.")
    if not names or any("\0" in name for name in names):
        raise Misuse(f"{path} has no usable row of column names at its top.")


def _columns(count: int) -> list[str]:
    return [f"c{number}" for number in range(count)]


def _load(database: duckdb.DuckDBPyConnection, path: Path, columns: int, scratch: Path) -> None:
    options: dict[str, Any] = {
        "memory_limit": MEMORY,
        "temp_directory": str(scratch),
        "force_compression": "uncompressed",
    }
    for name, value in options.items():
        database.execute(f"SET {name} = ?", [value])
    try:
        database.execute(
            "CREATE TABLE texts AS SELECT * FROM read_csv(?, header = true, auto_detect = false, columns = ?, "
            "delim = ',', quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
            "allow_quoted_nulls = false, max_line_size = ?, buffer_size = ?)",
            [str(path), dict.fromkeys(_columns(columns), "VARCHAR"), LONGEST_LINE, 4 * LONGEST_LINE],
        )
    except duckdb.Error as error:
        raise Misuse(f"{path} cannot be read as CSV: {_story(str(error))}") from None


def _story(message: str) -> str:
    """The engine's message without its advice on options that we do not have."""
    lines = [line for line in message.partition("Possible")[0].splitlines() if line.strip()]
    return "; ".join(line.removeprefix("Invalid Input Error: ")[:200] for line in lines[:4])
