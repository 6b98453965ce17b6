"""The verbs of `trivium tables` that commit, copy and settle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trivium.cli.declared_functions import know_functions
from trivium.cli.flags import AsJson
from trivium.cli.import_view import ImportView
from trivium.cli.listing import print_json, print_line
from trivium.cli.project import open_project
from trivium.cli.table_quarantine import tell_commit
from trivium.cli.table_view import commit_row
from trivium.errors import Misuse, Quarantined
from trivium.store.store import Store
from trivium.tables.export import export_version
from trivium.tables.given_rows import read_given
from trivium.tables.import_source import Import, import_source
from trivium.tables.table import Table
from trivium.tables.upsert import upsert_rows
from trivium.values.tables import TableSpec

Name = Annotated[str, typer.Argument(help="The table.")]
Source = Annotated[
    str,
    typer.Argument(
        help="A Parquet, CSV, JSON lines or Arrow file, a folder or pattern of them, or an address: duckdb:///file.db, "
        "sqlite:///file.db, postgresql://user@host/database (each with ?table=name or `--query`), s3://bucket/key."
    ),
]
RESUME = "The name of this import: repeated under it, it goes on. Files are known by their content without a name."
UPSERT = "Replace the rows of the same key, wherever they are, in one commit; its rows have to fit into memory."
MOST_TOLD = 20


def import_rows(
    context: typer.Context,
    name: Name,
    source: Source,
    *,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="A column that tells rows apart (a new table).")
    ] = None,
    time: Annotated[str | None, typer.Option("--time", help="The column of event time (a new table).")] = None,
    every: Annotated[str | None, typer.Option("--every", help="How wide partitions are: 1d, 1h (a new table).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the partitions that rows belong to.")] = False,
    upsert: Annotated[bool, typer.Option("--upsert", help=UPSERT)] = False,
    query: Annotated[str | None, typer.Option("--query", help="One SELECT that a database is asked.")] = None,
    resume: Annotated[str | None, typer.Option("--resume", help=RESUME)] = None,
    stop_on_quarantine: Annotated[
        bool, typer.Option("--stop-on-quarantine", help="Commit nothing more after rows that were kept aside.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Commit the rows of a source to a table, which is made when it is new.

    Repeat a command that was interrupted, and it goes on where it stopped. Exit status 1 when rows are quarantined.
    """
    store = open_project(context)
    declared = store.catalog.tables.find_spec(name)
    if declared is not None and (key or time or every):
        raise Misuse(f"Table {name!r} is declared already; `--key`, `--time` and `--every` are for a new one.")
    spec = declared or Table(name, key=key or (), time=time, every=every or "1d").spec
    know_functions(store, name)
    if upsert:
        if overwrite or stop_on_quarantine:
            raise Misuse("`--upsert` is one commit by key: leave out `--overwrite` and `--stop-on-quarantine`.")
        upsert_source(store, spec, source, query=query, name=resume, as_json=as_json)
        return
    view = ImportView()
    try:
        done = import_source(
            store, spec, source, operation="overwrite" if overwrite else "append", query=query, name=resume,
            stop_on_quarantine=stop_on_quarantine, tell=view.tell,
        )  # fmt: skip
    finally:
        view.close()
    tell_import(done, as_json=as_json)
    if not as_json:
        tell_diverted(store, done)
    refuse_quarantined(done)


def upsert_source(
    store: Store, spec: TableSpec, source: str, *, query: str | None, name: str | None, as_json: bool
) -> None:
    """The rows of the source replace those of the same key, in one commit. Raises Quarantined when it is kept aside."""
    rows = read_given(store, spec, source, query=query)
    commit = upsert_rows(store, spec, rows, idempotency_key=None if name is None else f"import:{name}")
    tell_commit(commit, as_json=as_json)
    if commit.state == "quarantined":
        raise Quarantined(
            f"Rows of {source} are kept aside: `trivium alerts list --table {spec.name}` says why; then "
            f"`trivium tables release {commit.id}` or `trivium tables discard {commit.id}`."
        )


def tell_diverted(store: Store, done: Import) -> None:
    """Which rows of an import were diverted by a rule."""
    made = {commit.id for commit in done.commits}
    aside = [each for each in store.catalog.tables.list_quarantined(done.table) if each.diverted_from in made]
    if aside:
        print_line(
            f"{sum(each.rows for each in aside):,} rows were diverted: `trivium tables quarantine {done.table}` lists "
            f"them; then `trivium tables release {aside[0].id}` or `trivium tables discard {aside[0].id}`."
        )


def tell_import(done: Import, *, as_json: bool) -> None:
    """What became of an import."""
    if as_json:
        rows = [commit_row(commit) for commit in done.commits]
        facts = {name: getattr(done, name) for name in ("table", "source", "rows", "state", "complete", "known")}
        print_json(facts | {"commits": rows})
        return
    new = done.commits[done.known :]
    if done.known:
        print_line(f"{done.known} of {len(done.commits)} commits were there already: nothing is doubled.")
    for commit in new[:MOST_TOLD]:
        tell_commit(commit, as_json=False)
    if len(new) > MOST_TOLD:
        print_line(f"... and {len(new) - MOST_TOLD} commits more: `trivium tables log {done.table}`.")
    if len(done.commits) > 1:
        print_line(f"{done.rows:,} rows of {done.source} in {len(done.commits)} commits: {done.state}.")


def refuse_quarantined(done: Import) -> None:
    """Raises Quarantined when rows were kept aside."""
    kept = [commit.id for commit in done.commits if commit.state == "quarantined"]
    if kept:
        left_out = "" if done.complete else " What came after them was not committed; repeat the command without "
        left_out += "" if done.complete else "`--stop-on-quarantine` to go on."
        raise Quarantined(
            f"Rows of {done.source} are kept aside: `trivium alerts list --table {done.table}` says why; then "
            f"`trivium tables release {kept[0]}` or `trivium tables discard {kept[0]}`"
            f"{f', and {len(kept) - 1} commits more' if len(kept) > 1 else ''}.{left_out}"
        )


def export_rows(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file to write: .parquet, .csv, .jsonl or .arrow.")],
    *,
    version: Annotated[int | None, typer.Option("--version", help="This version (default: the newest).")] = None,
    where: Annotated[str | None, typer.Option("--where", help="Only rows that this SQL condition is true for.")] = None,
    columns: Annotated[str | None, typer.Option("--columns", help="Only these columns, with commas between.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a version's rows to a file."""
    store = open_project(context)
    exported = export_version(store, name, file, version=version, where=where, columns=parse_columns(columns))
    if as_json:
        print_json(exported)
        return
    print_line(f"{exported.rows:,} rows of {name} version {exported.version} are in {file}.")


def parse_columns(text: str | None) -> list[str] | None:
    """["id", "at"] of "id,at"."""
    return None if text is None else [name.strip() for name in text.split(",")]
