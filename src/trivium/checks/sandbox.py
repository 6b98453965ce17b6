"""A DuckDB that can compute and nothing else: no files, no network, no extensions, no change of its settings."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from threading import Thread
from typing import TypeVar

import duckdb
import polars as pl

from trivium.errors import Misuse
from trivium.frames import ArrowStream

LIMIT_SECONDS, LAST_SECONDS, TRIES = 60.0, 5.0, 20
QUOTE = "'"
T = TypeVar("T")
Connection = duckdb.DuckDBPyConnection
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
    connection = open_sandbox()
    connection.register("rows", ArrowStream(rows))
    try:
        return ask_within(limit, connection, lambda asked: asked.execute(sql).fetchone() or ())
    except duckdb.InterruptException:
        raise Misuse(f"This check took over {limit:.0f} s on {rows.height} rows and was stopped: {sql}") from None


def ask_within(seconds: float, connection: duckdb.DuckDBPyConnection, work: Callable[[Connection], T]) -> T:
    """What the work finds on the connection, which is closed afterwards.

    Raises what the work raises, duckdb.InterruptException after so many seconds. DuckDB looks for an interruption
    between stretches of rows, and one expression may take for ever on one of them: then the thread that computes it is
    left behind, with the connection.
    """
    answer = Future[T]()

    def run() -> None:
        with connection:
            try:
                answer.set_result(work(connection))
            except BaseException as error:
                answer.set_exception(error)

    worker = Thread(target=run, name="check", daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:
        if worker.is_alive():
            _interrupt(connection, worker)
    if worker.is_alive():
        raise duckdb.InterruptException(f"interrupted after {seconds:.0f} s")
    return answer.result()


def _interrupt(connection: duckdb.DuckDBPyConnection, worker: Thread) -> None:
    """The thread has ended, or is left behind after a second. One that came back while Python ends would abort it."""
    for _ in range(TRIES):
        with suppress(duckdb.ConnectionException):  # the thread has closed it at this very moment
            connection.interrupt()
        worker.join(1 / TRIES)
        if not worker.is_alive():
            return
    atexit.register(worker.join, LAST_SECONDS)


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """One database for each process, so that a forked one never shares its parent's."""
    return duckdb.connect(":memory:", config=SETTINGS)
