"""SQL over tables: read-only, with every table as a view of one of its versions."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import polars as pl
from msgspec import Struct

from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.read import get_readable, warn_flagged

READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


class Answer(Struct, frozen=True):
    """The rows of a query. `complete` is False when there were more than asked for; `versions` is what was read."""

    rows: pl.DataFrame
    complete: bool
    versions: dict[str, int]


def query_tables(store: Store, statement: str, *, at: Mapping[str, int] | None = None, limit: int = 100) -> Answer:
    """The answer to a SELECT whose tables are ours, each in its newest version or the one named in `at`.

    limit: at most so many rows. The statement sees those tables' files and nothing else: no other file, no network, no
    writing. Raises Misuse for anything but one SELECT or one that does not run, NotFound for a version not there.
    """
    with duckdb.connect(":memory:") as database:
        _check_statement(database, statement)
        versions = _pin(store, statement, at or {})
        for name in (name for name in versions if name in statement.lower()):
            warn_flagged(store, get_readable(store, name, versions[name]))
        _make_views(store, database, versions)
        try:
            rows = plain_numbers(pl.DataFrame(database.sql(statement).limit(limit + 1)))
        except duckdb.Error as error:
            raise Misuse(f"The query cannot be answered: {_story(error)}") from None
    return Answer(rows.head(limit), rows.height <= limit, versions)


def plain_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Wide numbers of DuckDB (a sum of integers, a literal like 1.5) are int64 where they fit, else float64."""
    wide = {name: rows[name] for name, dtype in rows.schema.items() if isinstance(dtype, (pl.Decimal, pl.Int128))}
    return rows.with_columns(**{name: _plain(values) for name, values in wide.items()})


def _plain(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Decimal) and values.dtype.scale:
        return values.cast(pl.Float64)
    whole = values.cast(pl.Int64, strict=False)
    fits = whole.null_count() == values.null_count() and (whole.cast(pl.Float64) == values.cast(pl.Float64)).all()
    return whole if fits else values.cast(pl.Float64)


def _check_statement(database: duckdb.DuckDBPyConnection, statement: str) -> None:
    try:
        parsed = database.extract_statements(statement)
    except duckdb.Error as error:
        raise Misuse(f"The query is not SQL: {_story(error)}") from None
    if len(parsed) != 1 or parsed[0].type not in READS:
        raise Misuse("A query is one SELECT: tables are changed by commits, which are checked, not by SQL.")


def _pin(store: Store, statement: str, at: Mapping[str, int]) -> dict[str, int]:
    """The version of each table whose name is in the statement; of all tables when none is (SHOW TABLES)."""
    newest = {commit.table: commit.version for commit in store.catalog.tables.list_latest()}
    named = {name: version for name, version in newest.items() if name in statement.lower()} or newest
    pinned = {name: get_readable(store, name, version).version for name, version in at.items()}
    return {name: version for name, version in {**named, **pinned}.items() if version is not None}


def _make_views(store: Store, database: duckdb.DuckDBPyConnection, versions: Mapping[str, int]) -> None:
    files = {
        name: store.lake.local_paths(store.catalog.tables.files(name, version)) for name, version in versions.items()
    }
    database.execute("SET allowed_paths = ?", [[path for paths in files.values() for path in paths]])
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    for name, paths in files.items():
        database.read_parquet(paths, union_by_name=True).create_view(name)


def _story(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]
