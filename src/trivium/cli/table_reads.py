"""The verbs of `trivium tables` that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson, Limit, OnlyStale
from trivium.cli.listing import print_facts, print_frame, print_heading, print_json, print_line, print_list, print_table
from trivium.cli.project import open_project
from trivium.cli.staleness_view import name_inputs, print_staleness
from trivium.cli.table_view import commit_row, table_facts, table_rows
from trivium.errors import Misuse
from trivium.tables.diff import TableDiff, diff_versions
from trivium.tables.query import query_tables
from trivium.tables.read import get_version

Name = Annotated[str, typer.Argument(help="The table.")]
LIST = ("name", "version", "rows", "state", "newest_partition", "open_alerts", "stale", "committed_at")
LOG = ("id", "version", "state", "operation", "partitions", "rows", "actor", "committed_at")


def list_tables(context: typer.Context, stale: OnlyStale = False, as_json: AsJson = False) -> None:
    """List the tables with their newest version."""
    rows = [row for row in table_rows(open_project(context)) if row["stale"] or not stale]
    empty = "No table is stale." if stale else "No tables yet: `trivium tables import NAME FILE` makes one."
    print_list(rows if as_json else name_inputs(rows), LIST, as_json=as_json, empty=empty)


def show_table(
    context: typer.Context,
    name: Name,
    version: Annotated[int | None, typer.Option("--version", help="This version (default: the newest).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a table: its declaration, columns, checks and partitions."""
    store = open_project(context)
    spec = store.catalog.tables.get_spec(name)
    shown = store.catalog.tables.find_version(name) if version is None else get_version(store, name, version)
    facts = table_facts(store, spec, shown)
    print_facts(facts, as_json=as_json, leave_out=("columns", "checks", "stale"))
    if not as_json:
        print_staleness(facts["stale"])
        for part, columns in (("columns", ("name", "type")), ("checks", ("name", "kind", "severity", "owner"))):
            if facts[part]:
                print_heading(part)
                print_table(facts[part], columns)


def show_log(context: typer.Context, name: Name, limit: Limit = 20, as_json: AsJson = False) -> None:
    """Show the commits to a table, newest first, also those that were kept aside."""
    store = open_project(context)
    store.catalog.tables.get_spec(name)
    rows = [commit_row(commit) for commit in store.catalog.tables.list_commits(name, limit=limit)]
    print_list(rows, LOG, as_json=as_json, empty=f"No commits yet: `trivium tables import {name} FILE` makes one.")


def diff_table(
    context: typer.Context,
    name: Name,
    old: Annotated[int, typer.Argument(help="The version to start from.")],
    new: Annotated[int | None, typer.Argument(help="The version to compare with (default: the newest).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show which rows, columns and partitions changed between two versions."""
    diff = diff_versions(open_project(context), name, old, new)
    facts = msgspec.structs.asdict(diff)
    for part in ("columns_added", "columns_removed"):
        facts[part] = [f"{column.name} {column.type}" for column in getattr(diff, part)]
    print_facts(
        msgspec.structs.asdict(diff) if as_json else facts, as_json=as_json, leave_out=("columns_shifted", "examples")
    )
    if not as_json:
        _print_shifts(diff)
        for kind, examples in diff.examples.items():
            print_heading(f"{kind}, the first {len(examples)}")
            print_table(examples, list(examples[0]), as_stored=True)


def _print_shifts(diff: TableDiff) -> None:
    rows = [
        {"column": shift.name, "statistic": name, "before": shift.before[name], "after": shift.after.get(name)}
        for shift in diff.columns_shifted
        for name in shift.before
        if shift.before[name] != shift.after.get(name)
    ]
    if rows:
        print_heading("columns that look different")
        print_table(rows, ("column", "statistic", "before", "after"))


def query(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="One SELECT; every table is known by its name.")],
    at: Annotated[list[str] | None, typer.Option("--at", help="Read this version: `--at flights=12`.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Ask the newest versions of the tables in SQL, read-only."""
    answer = query_tables(open_project(context), statement, at=parse_versions(at or ()), limit=limit)
    if as_json:
        print_json(answer.rows.to_dicts())
    else:
        print_frame(answer.rows)
    if not answer.complete:
        notice = f"only the first {limit} rows are shown; `--limit` shows more"
        typer.echo(notice, err=True)
    elif not as_json and not answer.rows.height:
        print_line("No rows.")


def parse_versions(texts: Sequence[str]) -> dict[str, int]:
    """{"flights": 12} of ["flights=12"]. Raises Misuse for anything else."""
    versions = {}
    for text in texts:
        name, equals, number = text.partition("=")
        if not equals or not number.isdigit():
            raise Misuse(f"{text!r} does not name a table's version; write `--at flights=12`.")
        versions[name] = int(number)
    return versions
