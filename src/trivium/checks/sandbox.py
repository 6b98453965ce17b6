"""A DuckDB that can compute and nothing else: no files, no network, no extensions, no change of its settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Timer

import duckdb
import polars as pl

from trivium.errors import Misuse
from trivium.frames import ArrowStream

LIMIT_SECONDS = 60.0
QUOTE = "'"
CAST_DUE = "explicit "
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "lock_configuration": True,
}


def open_sandbox() -> duckdb.DuckDBPyConnection:
    """A connection of its own to this process's locked, empty, in-memory database."""
    return _database(os.getpid()).cursor()


def open_files(paths: Sequence[str]) -> duckdb.DuckDBPyConnection:
    """A connection to a database of its own that reads these files and nothing else."""
    opening = {"enable_external_access": True, "lock_configuration": False}
    database = duckdb.connect(":memory:", config=SETTINGS | opening)
    listed = ", ".join(f"'{path.replace(QUOTE, QUOTE * 2)}'" for path in paths)
    database.execute(f"SET allowed_paths = [{listed}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


@contextmanager
def time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """What runs on the connection inside the block is interrupted after so many seconds."""
    clock = Timer(seconds, connection.interrupt)
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def is_wrong_sql(error: duckdb.Error) -> bool:
    """Whether the SQL names what is not there, whatever the rows hold. Values of a type that does not fit are no such
    error: DuckDB asks for an explicit cast then."""
    if isinstance(error, duckdb.BinderException):
        return CAST_DUE not in str(error).splitlines()[0]
    return isinstance(error, (duckdb.CatalogException, duckdb.ParserException))


def query_rows(sql: str, rows: pl.DataFrame, *, limit: float = LIMIT_SECONDS) -> tuple[object, ...]:
    """The first row of a query over the view `rows`.

    limit: seconds after which the query is interrupted. Raises duckdb.Error as DuckDB does, Misuse at the limit.
    """
    with open_sandbox() as connection:
        connection.register("rows", ArrowStream(rows))
        try:
            with time_limit(connection, limit):
                return connection.execute(sql).fetchone() or ()
        except duckdb.InterruptException:
            raise Misuse(f"This check took over {limit:.0f} s on {rows.height} rows and was stopped: {sql}") from None


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """One database for each process, so that a forked one never shares its parent's."""
    return duckdb.connect(":memory:", config=SETTINGS)
