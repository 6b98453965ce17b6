"""The verbs of `trivium tables` that commit, copy and settle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trivium.cli.flags import AsJson, Because
from trivium.cli.listing import print_json, print_line
from trivium.cli.project import open_project
from trivium.cli.table_view import commit_row
from trivium.errors import Misuse, Quarantined
from trivium.frames import read_file, write_file
from trivium.tables.commit import commit_rows
from trivium.tables.read import get_version, read_version
from trivium.tables.table import Table
from trivium.values.tables import Commit

Name = Annotated[str, typer.Argument(help="The table.")]
CommitId = Annotated[str, typer.Argument(help="The quarantined commit; `trivium tables log NAME` shows its id.")]


def import_rows(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="A Parquet, CSV or JSON lines file.")],
    *,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="A column that tells rows apart (a new table).")
    ] = None,
    time: Annotated[str | None, typer.Option("--time", help="The column of event time (a new table).")] = None,
    as_json: AsJson = False,
) -> None:
    """Commit a file's rows to a table, which is made when it is new. Exit status 1 when they are quarantined."""
    store = open_project(context)
    declared = store.catalog.tables.find_spec(name)
    if declared is not None and (key or time):
        raise Misuse(f"Table {name!r} is declared already; `--key` and `--time` are for a new one.")
    spec = declared or Table(name, key=key or (), time=time).spec
    commit = commit_rows(store, spec, read_file(file))
    tell_commit(commit, as_json=as_json)
    if commit.state == "quarantined":
        raise Quarantined(
            f"The rows of {file} are kept aside: `trivium alerts list --table {name}` says why; then "
            f"`trivium tables release {commit.id}` or `trivium tables discard {commit.id}`."
        )


def export_rows(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file to write: .parquet, .csv or .jsonl.")],
    version: Annotated[int | None, typer.Option("--version", help="This version (default: the newest).")] = None,
) -> None:
    """Write a version's rows to a file."""
    store = open_project(context)
    rows = read_version(store, name, version).collect()
    write_file(rows.lazy(), file)
    print_line(f"{rows.height:,} rows of {name} version {get_version(store, name, version).version} are in {file}.")


def release_commit(context: typer.Context, commit: CommitId, because: Because, as_json: AsJson = False) -> None:
    """Publish a quarantined commit after all; it becomes a flagged version."""
    store = open_project(context)
    settled = store.catalog.tables.settle(commit, release=True, because=because, actor=store.actor)
    tell_commit(settled, as_json=as_json)


def discard_commit(context: typer.Context, commit: CommitId, because: Because, as_json: AsJson = False) -> None:
    """Put a quarantined commit away for good."""
    store = open_project(context)
    settled = store.catalog.tables.settle(commit, release=False, because=because, actor=store.actor)
    tell_commit(settled, as_json=as_json)


def tell_commit(commit: Commit, *, as_json: bool) -> None:
    """What became of a commit."""
    row = commit_row(commit)
    if as_json:
        print_json(row)
        return
    version = f" as version {commit.version}" if commit.version else ""
    print_line(f"{row['rows']:,} rows of {commit.table}: {commit.state}{version} (commit {commit.id}).")
