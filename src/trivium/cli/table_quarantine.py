"""The verbs of `trivium tables` about what is kept aside."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson, Because, Limit
from trivium.cli.listing import print_frame, print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.cli.table_view import commit_row
from trivium.store.store import Store
from trivium.tables.quarantine import list_aside
from trivium.tables.read import read_commit
from trivium.tables.settle import settle_commit
from trivium.values.tables import Commit

LIST = ("id", "table", "partitions", "rows", "diverted_from", "written_since", "committed_at", "because")
CommitId = Annotated[str, typer.Argument(help="The quarantined commit; `trivium tables quarantine` shows its id.")]


def show_quarantine(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The table (default: all of them).")] = None,
    *,
    rows: Annotated[str | None, typer.Option("--rows", help="Show the rows of this commit instead.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List what is kept aside: commits in quarantine, and rows that a rule diverted."""
    store = open_project(context)
    if rows is not None:
        print_rows(store, rows, limit, as_json=as_json)
        return
    if name is not None:
        store.catalog.tables.get_spec(name)
    found = [msgspec.structs.asdict(each) for each in list_aside(store, name)]
    print_list(found[-limit:], LIST, as_json=as_json, empty="Nothing is kept aside.")


def print_rows(store: Store, commit_id: str, limit: int, *, as_json: bool) -> None:
    """The rows of a commit that is kept aside, or of any other."""
    frame = read_commit(store, commit_id).head(limit).collect()
    print_json(frame.to_dicts()) if as_json else print_frame(frame)


def release_commit(context: typer.Context, commit: CommitId, because: Because, as_json: AsJson = False) -> None:
    """Publish what is kept aside after all; it becomes a flagged version."""
    store = open_project(context)
    settled = settle_commit(store, commit, release=True, because=because)
    tell_commit(settled, as_json=as_json)


def discard_commit(context: typer.Context, commit: CommitId, because: Because, as_json: AsJson = False) -> None:
    """Put what is kept aside away for good."""
    store = open_project(context)
    settled = settle_commit(store, commit, release=False, because=because)
    tell_commit(settled, as_json=as_json)


def tell_commit(commit: Commit, *, as_json: bool) -> None:
    """What became of a commit."""
    row = commit_row(commit)
    if as_json:
        print_json(row)
        return
    version = f" as version {commit.version}" if commit.version else ""
    print_line(f"{row['rows']:,} rows of {commit.table}: {commit.state}{version} (commit {commit.id}).")
