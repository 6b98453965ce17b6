"""Query: an SQL query over the partition and other tables that finds nothing wrong."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import Any

import duckdb
import polars as pl
from msgspec import Struct

from trivium.checks.kinds.outcome import EXAMPLES, Outcome, example_rows, unevaluable
from trivium.checks.partition import Partition
from trivium.checks.pii import mask_others
from trivium.checks.sandbox import LIMIT_SECONDS, ask_within, is_wrong_sql, open_files, open_sandbox
from trivium.checks.surroundings import Surroundings, own_rows
from trivium.checks.syntax import Node, NotSelect, outward_call, parse_selects, walk
from trivium.errors import Misuse
from trivium.frames import ArrowStream
from trivium.frames.frame import engine_error
from trivium.values.tables import CheckSpec, Severity

PARTITION = "rows"
FOUND = "/found"  # no table has a name like this
FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
LONGEST_NAME = 100


class Query(Struct, frozen=True):
    """A parsed query: its text, and the tables that it reads besides `rows`, in order of appearance."""

    text: str
    tables: tuple[str, ...]


def query(sql: str, *, name: str | None = None, severity: Severity = "block", owner: str | None = None) -> CheckSpec:
    """A check that this SELECT (DuckDB's dialect) returns no row: what it returns are the rows that offend.

    `rows` are the rows of the partition that is judged. Any other name is a table: another one in its newest published
    version, the table itself as it will be when the commit is published. "Every open order has a customer":

        tv.query("SELECT * FROM rows WHERE open AND customer NOT IN (SELECT id FROM customers)")

    Raises Misuse for anything but one SELECT over tables: no writing, no files, no settings, no parameters.
    """
    tables = parse_query(sql).tables
    return CheckSpec(
        name=name or _short(sql),
        kind="query",
        arguments={"query": sql, "tables": list(tables)},
        severity=severity,
        owner=owner,
    )


def judge_query(check: CheckSpec, part: Partition, around: Surroundings, *, limit: float = LIMIT_SECONDS) -> Outcome:
    """The rows that the query returns are failing rows.

    limit: seconds, after which it is stopped and the check fails, as it does on an error of computing. Raises Misuse
    for a query that does not fit the tables' columns.
    """
    asked = parse_query(str(check.arguments["query"]))
    absent = [name for name in asked.tables if name != around.own and around.find_version(name) is None]
    if absent:
        return unevaluable(check, f"there is no published version of table {', '.join(absent)}")
    versions = {name: around.find_version(name) for name in asked.tables}
    try:
        connection = _open_views(asked, part, around)
        count, examples = ask_within(limit, connection, lambda opened: _run(opened, asked.text))
    except duckdb.InterruptException:
        return unevaluable(check, f"it took over {limit:g} s and was stopped", versions=versions)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if is_wrong_sql(error):
            raise Misuse(f"The query {check.name!r} does not fit its tables: {reason}") from None
        return unevaluable(check, reason, versions=versions)
    return Outcome(
        passed=count == 0,
        message=f"{check.name}: {f'{count:,} rows' if count != 1 else '1 row'} found, expected none",
        observed=float(count),
        expected="no row",
        failing_rows=count,
        examples=mask_others(examples, _columns_of(asked, part, around)),
        evidence={"versions": versions},
    )


@cache
def parse_query(sql: str) -> Query:
    """The query, parsed by DuckDB. Raises Misuse when it is not one SELECT over tables alone.

    >>> parse_query("SELECT * FROM rows ANTI JOIN customers USING (customer_id)").tables
    ('customers',)
    """
    text = sql.strip().rstrip(";")
    try:
        found = parse_selects(text)
    except NotSelect as error:
        raise _refusal(sql, str(error)) from None
    if len(found) != 1:
        raise _refusal(sql, f"it holds {len(found)} statements")
    nodes = list(walk(found[0]))
    for node in nodes:
        if (why := _why_refused(node)) is not None:
            raise _refusal(sql, why)
    named = {entry["key"].lower() for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
    names = (node["table_name"].lower() for node in nodes if node.get("type") == "BASE_TABLE")
    return Query(text, tuple(dict.fromkeys(name for name in names if name not in {*named, PARTITION})))


def _why_refused(node: Node) -> str | None:
    """What makes this node more than reading tables."""
    kind = node.get("type")
    if kind == "SHOW_REF":
        return "it describes instead of selecting rows"
    if kind == "BASE_TABLE" and (node["schema_name"] or node["catalog_name"]):
        return f"it reads {node['schema_name'] or node['catalog_name']}.{node['table_name']}, which is no table"
    if kind == "TABLE_FUNCTION" and (called := str(node["function"].get("function_name", "")).lower()) not in FUNCTIONS:
        return f"it reads {called}(), which is no table"
    if node.get("class") == "PARAMETER":
        return "it contains a parameter"
    if (called_out := outward_call(node)) is not None:
        return f"it calls {called_out}(), which is not about rows"
    return None


def _refusal(sql: str, why: str) -> Misuse:
    return Misuse(
        f"{_short(sql)!r} is not a query for a check: {why}. It is one query over `{PARTITION}` (the partition) and "
        "tables, by their names, that returns the rows that offend."
    )


def _short(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _open_views(asked: Query, part: Partition, around: Surroundings) -> duckdb.DuckDBPyConnection:
    paths = {name: around.paths(name) for name in asked.tables}
    connection = open_files([path for each in paths.values() for path in each]) if paths else open_sandbox()
    with ExitStack() as failing:
        failing.callback(connection.close)
        connection.register(PARTITION, ArrowStream(part.rows))
        for name, files in paths.items():
            frames = own_rows(around, part) if name == around.own else [] if files else [_no_rows(around, name)]
            _make_view(connection, name, files, frames)
        failing.pop_all()
    return connection


def _make_view(connection: duckdb.DuckDBPyConnection, name: str, files: list[str], frames: list[pl.DataFrame]) -> None:
    """The table's name is a view of these files and frames, together by the names of their columns."""
    pieces = [f"{name}/{number}" for number in range(len(frames))]
    for piece, frame in zip(pieces, frames, strict=True):
        connection.register(piece, ArrowStream(frame))
    if files:
        connection.read_parquet(files, union_by_name=True).create_view(f"{name}/files")
        pieces.insert(0, f"{name}/files")
    union = " UNION ALL BY NAME ".join(f'FROM "{piece}"' for piece in pieces)
    connection.execute(f'CREATE TEMP VIEW "{name}" AS {union}')


def _no_rows(around: Surroundings, name: str) -> pl.DataFrame:
    return around.scan(name).head(0).collect()


def _run(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[int, tuple[dict[str, Any], ...]]:
    """How many rows the query returns, and the first of them."""
    connection.execute(f'CREATE TEMP TABLE "{FOUND}" AS FROM ({text}\n)')
    count = connection.execute(f'SELECT count(*) FROM "{FOUND}"').fetchone()  # noqa: S608 # a name of ours
    if not count or not count[0]:
        return 0, ()
    try:
        return count[0], example_rows(pl.DataFrame(connection.sql(f'FROM "{FOUND}" LIMIT {EXAMPLES}')))
    except BaseException as error:  # a type that no frame has; Polars panics outside of Exception
        if not engine_error(error):
            raise
        return count[0], ()


def _columns_of(asked: Query, part: Partition, around: Surroundings) -> tuple[frozenset[str], frozenset[str]]:
    """(known columns, those of them about persons) of everything that the query reads."""
    specs = [around.find_spec(name) for name in {*asked.tables, around.own}]
    private = frozenset(name for spec in specs if spec is not None for name in spec.pii)
    others = [around.scan(name).collect_schema().names() for name in asked.tables] if private else []
    return frozenset(part.rows.columns).union(*others), private
