"""Rows of a PostgreSQL database, through a cursor of the server's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import polars as pl

from trivium.errors import MissingExtra, Misuse
from trivium.frames.frame import frame_of
from trivium.frames.stream import Stream, Wish, piece_rows
from trivium.sources.address import check_columns, select_statement, split_address, with_options

PATIENCE = 300.0
TYPES: dict[int, Any] = {
    16: pl.Boolean, 17: pl.Binary, 20: pl.Int64, 21: pl.Int16, 23: pl.Int32, 25: pl.String, 700: pl.Float32,
    701: pl.Float64, 1042: pl.String, 1043: pl.String, 1082: pl.Date, 1083: pl.Time, 1114: pl.Datetime("us"),
    1184: pl.Datetime("us", "UTC"), 2950: pl.String,
}  # fmt: skip
NUMERIC, MOST_DIGITS = 1700, 38


def open_postgres(text: str, wish: Wish) -> Stream:
    """The rows of a table or a query of a PostgreSQL database, as they are at one moment.

    The server hands out some thousands of rows at a time. Raises Misuse for a query that is none, MissingExtra
    without the driver, StoreUnreachable when nobody answers.
    """
    address, options = split_address(text)
    query = select_statement(options, wish, _without_password(address))
    reached = with_options(address, {name: value for name, value in options.items() if name != "table"})
    connection = _connect(reached, options.get("schema"))
    shown = f"{_without_password(address)} ({options.get('table') or 'query'})"
    return Stream(shown, _pieces(connection, query, shown))


def _connect(address: str, schema: str | None) -> Any:
    try:
        import pg8000.native  # noqa: F401, PLC0415 # optional

        from trivium.store.catalog.sql.postgres_address import parse_postgres_url  # noqa: PLC0415
        from trivium.store.catalog.sql.postgres_session import connect  # noqa: PLC0415
    except ModuleNotFoundError:
        raise MissingExtra("PostgreSQL needs the package 'pg8000': pip install 'trivium[postgres]'.") from None
    connection = connect(parse_postgres_url(address), PATIENCE)
    connection.run("SET TimeZone = 'UTC'; SET extra_float_digits = 3")
    if schema:
        connection.run(f'SET search_path = "{schema}"')
    return connection


def _pieces(connection: Any, query: str, name: str) -> Iterator[pl.DataFrame]:
    try:
        try:
            # An option of the cursor's, so that the server plans for all rows and not for the first ones.
            connection.run("BEGIN READ ONLY; SET LOCAL cursor_tuple_fraction = 1")
            # Prepared, so that the server takes one statement and not several.
            connection.prepare(f"DECLARE pieces NO SCROLL CURSOR FOR {query}").run()
            connection.run("FETCH 0 FROM pieces")
            names = [column["name"] for column in connection.columns]
            check_columns(names, name)
            dtypes = [_dtype(column) for column in connection.columns]
            size = min(piece_rows(len(names)), 50_000)
            while rows := connection.run(f"FETCH {size} FROM pieces"):
                yield _frame(names, dtypes, rows, name)
        except _errors() as error:
            raise Misuse(f"{name} cannot be read: {_story(error)}") from None
    finally:
        connection.close()


def _frame(names: Sequence[str], dtypes: Sequence[Any], rows: Sequence[Any], name: str) -> pl.DataFrame:
    columns: dict[str, Any] = {}
    for column, dtype, values in zip(names, dtypes, zip(*rows, strict=True), strict=True):
        plain = [str(each) if isinstance(each, UUID) else each for each in values] if dtype == pl.String else values
        columns[column] = list(plain) if dtype is None else _typed(column, plain, dtype, name)
    return frame_of(columns)


def _typed(column: str, values: Sequence[Any], dtype: Any, name: str) -> pl.Series:
    try:
        return pl.Series(column, values, dtype=dtype, strict=True)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise Misuse(
            f"Column {column!r} of {name} has a value that no {dtype} has (an infinite moment, perhaps): "
            f"{str(error).splitlines()[0]}"
        ) from None


def _dtype(column: dict[str, Any]) -> Any:
    """The type of a column that the server describes; None: look at the values."""
    if column["type_oid"] == NUMERIC and column["type_modifier"] >= 4:
        precision, scale = (column["type_modifier"] - 4) >> 16 & 0xFFFF, (column["type_modifier"] - 4) & 0x7FF
        return pl.Decimal(precision, scale) if precision <= MOST_DIGITS and scale <= precision else None
    return TYPES.get(column["type_oid"])


def _errors() -> tuple[type[Exception], ...]:
    from pg8000.native import DatabaseError, InterfaceError  # noqa: PLC0415 # optional

    return (DatabaseError, InterfaceError)


def _story(error: Exception) -> str:
    detail = error.args[0] if error.args else error
    return str(detail.get("M", detail)) if isinstance(detail, dict) else str(detail)


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{place}"
