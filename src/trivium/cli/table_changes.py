"""The verbs of `trivium tables` that change what a table holds, and the names for versions that have to stay."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from trivium.cli.declared_functions import know_functions
from trivium.cli.flags import AsJson, Because
from trivium.cli.listing import print_facts, print_line, print_list
from trivium.cli.project import open_project
from trivium.cli.table_quarantine import tell_commit
from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.delete import delete_rows
from trivium.tables.erase import erase_rows
from trivium.tables.read import get_version
from trivium.tables.reshape import rename_columns, widen_column
from trivium.tables.restore import restore_version
from trivium.tables.snapshot import record_snapshot
from trivium.values.tables import Commit

Name = Annotated[str, typer.Argument(help="The table.")]
Where = Annotated[str, typer.Option("--where", help="An SQL condition over a row: \"country = 'NZ' AND age < 16\".")]
SNAPSHOTS = ("name", "versions", "actor", "created_at", "because")


def delete(context: typer.Context, name: Name, where: Where, as_json: AsJson = False) -> None:
    """Take rows out of the newest version; older versions keep them until they are collected."""
    _change(context, name, lambda store: delete_rows(store, name, where), as_json=as_json)


def erase(
    context: typer.Context,
    name: Name,
    where: Where,
    because: Because,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take rows out of every version for good (a person's right), and mark the models that learnt from them."""
    store = open_project(context)
    if not yes:
        _confirm(f"Rows of {name} with {where} will be gone from every version, for good. Go on?")
    erased = erase_rows(store, name, where, because=because)
    facts = msgspec.structs.asdict(erased)
    facts["retrain"] = [f"{model}@{version}" for model, version in erased.retrain]
    print_facts(facts, as_json=as_json)
    if not as_json:
        print_line(
            "Back-ups and copies outside of this project still have them; so may tables that were made from this one."
        )


def rename(
    context: typer.Context,
    name: Name,
    names: Annotated[list[str], typer.Argument(help="OLD=NEW, one or more.")],
    as_json: AsJson = False,
) -> None:
    """Give columns new names; older versions keep the old ones."""
    pairs = dict(_split(text, "rename a column: write OLD=NEW") for text in names)
    _change(context, name, lambda store: rename_columns(store, name, pairs), as_json=as_json)


def widen(
    context: typer.Context,
    name: Name,
    column: Annotated[str, typer.Argument(help="The column.")],
    wanted: Annotated[str, typer.Argument(help="The wider type: int64, float64, timestamp[us], ...")],
    as_json: AsJson = False,
) -> None:
    """Give a column a wider type with the same values."""
    _change(context, name, lambda store: widen_column(store, name, column, wanted), as_json=as_json)


def restore(
    context: typer.Context,
    name: Name,
    version: Annotated[int, typer.Argument(help="The version whose content comes back.")],
    as_json: AsJson = False,
) -> None:
    """Make a new version that has what an older one had. Nothing is lost."""
    _change(context, name, lambda store: restore_version(store, name, version), as_json=as_json)


def snapshot(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The snapshot's name.")],
    tables: Annotated[list[str], typer.Argument(help="TABLE or TABLE=VERSION, one or more.")],
    because: Annotated[str, typer.Option("--because", help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Name versions of tables, all of this moment; they are never collected."""
    wanted = {text.partition("=")[0]: _version(text) for text in tables}
    taken = record_snapshot(open_project(context), name, wanted, because=because)
    print_facts(msgspec.structs.asdict(taken), as_json=as_json)


def list_snapshots(context: typer.Context, as_json: AsJson = False) -> None:
    """List the snapshots, newest first."""
    rows = [msgspec.structs.asdict(each) for each in open_project(context).catalog.retention.list_snapshots()]
    print_list(
        rows, SNAPSHOTS, as_json=as_json, empty="No snapshots yet: `trivium tables snapshot NAME TABLE` takes one."
    )


def _change(context: typer.Context, name: str, act: Callable[[Store], Commit], *, as_json: bool) -> None:
    """The act is done, and told by how many rows the table has now and had before."""
    store = open_project(context)
    before = get_version(store, name)
    know_functions(store, name)
    commit = act(store)
    if as_json or not commit.version:
        tell_commit(commit, as_json=as_json)
    elif commit.id == before.id:
        print_line(f"Nothing changed: {name} stays at version {before.version}, which has {before.rows:,} rows.")
    else:
        print_line(
            f"{commit.rows:,} rows of {name}, {_difference(commit.rows - before.rows)} before: {commit.state} as "
            f"version {commit.version} (commit {commit.id})."
        )


def _difference(rows: int) -> str:
    return "as many as" if not rows else f"{abs(rows):,} {'more' if rows > 0 else 'fewer'} than"


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise Misuse("Nobody is there to ask whether to erase for good: say --yes.")
    typer.confirm(question, abort=True, err=True)


def _version(text: str) -> int | None:
    if "=" not in text:
        return None
    table, version = _split(text, "name a version: write TABLE=VERSION")
    if not version.isdigit():
        raise Misuse(f"{version!r} is no version of {table!r}; versions are numbers, see `trivium tables log {table}`.")
    return int(version)


def _split(text: str, what: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not equals or not left or not right:
        raise Misuse(f"{text!r} does not {what}.")
    return left, right
