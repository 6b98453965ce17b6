"""A DuckDB that can compute and nothing else: no files, no network, no extensions, no change of its settings."""

from __future__ import annotations

import os
from functools import cache
from threading import Timer

import duckdb
import polars as pl

from trivium.errors import Misuse
from trivium.frames import ArrowStream

LIMIT_SECONDS = 60.0
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "python_enable_replacements": False,
    "lock_configuration": True,
}


def open_sandbox() -> duckdb.DuckDBPyConnection:
    """A connection of its own to this process's locked, empty, in-memory database."""
    return _database(os.getpid()).cursor()


def query_rows(sql: str, rows: pl.DataFrame, *, limit: float = LIMIT_SECONDS) -> tuple[object, ...]:
    """The first row of a query over the view `rows`.

    limit: seconds after which the query is interrupted. Raises duckdb.Error as DuckDB does, Misuse at the limit.
    """
    with open_sandbox() as connection:
        connection.register("rows", ArrowStream(rows))
        clock = Timer(limit, connection.interrupt)
        clock.start()
        try:
            return connection.execute(sql).fetchone() or ()
        except duckdb.InterruptException:
            raise Misuse(f"This check took over {limit:.0f} s on {rows.height} rows and was stopped: {sql}") from None
        finally:
            clock.cancel()


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """One database for each process, so that a forked one never shares its parent's."""
    return duckdb.connect(":memory:", config=SETTINGS)
