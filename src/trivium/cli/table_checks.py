"""The verbs of `trivium tables` that ask the checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.declared_functions import know_functions
from trivium.cli.flags import AsJson, Html
from trivium.cli.listing import print_json, print_line, print_list
from trivium.cli.picture_view import tell_column, tell_table, write_page
from trivium.cli.profile_view import profile_facts
from trivium.cli.project import open_project
from trivium.errors import CheckFailed, NotFound
from trivium.pictures.page import table_page
from trivium.pictures.picture import TablePicture
from trivium.pictures.table_picture import picture_table
from trivium.store.store import Store
from trivium.tables.backtest import check_newest, check_rows
from trivium.tables.given_rows import read_given
from trivium.tables.profiles import list_profiles
from trivium.values.alerts import Judgement

Name = Annotated[str, typer.Argument(help="The table.")]
RESULTS = ("partition", "check", "column", "passed", "severity", "message")


def check_table(
    context: typer.Context,
    name: Name,
    file: Annotated[Path | None, typer.Argument(help="Rows to judge as if they were committed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also show the checks that passed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge the newest commit again, or a file's rows without committing them. Exit status 1 when a check fails."""
    store = open_project(context)
    spec = store.catalog.tables.get_spec(name)
    know_functions(store, name)
    judgements = check_newest(store, name) if file is None else check_rows(store, name, read_given(store, spec, file))
    rows = result_rows(judgements)
    failed = [row for row in rows if not row["passed"]]
    partitions = ", ".join(judgement.partition for judgement in judgements[-3:])
    passed = f"{len(rows) - len(failed)} of {len(rows)} checks on {len(judgements)} partitions of {name} passed."
    print_list(rows if everything or as_json else failed, RESULTS, as_json=as_json, empty=passed)
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {len(rows)} checks on table {name!r} failed (newest partitions: {partitions}); "
            f"`trivium tables check {name} --json` shows examples and evidence."
        )


def profile_table(
    context: typer.Context,
    name: Name,
    *,
    column: Annotated[str | None, typer.Option("--column", help="Only this column, with all its facts.")] = None,
    partitions: Annotated[int, typer.Option("--partitions", min=1, help="So many of the newest partitions.")] = 30,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Show what each column looks like, in the newest partition and over time."""
    store = open_project(context)
    store.catalog.tables.get_spec(name)
    if column is not None:
        refuse_unknown(store, name, column)
    if as_json:
        facts = profile_facts(name, list_profiles(store, name, limit=partitions))
        print_json(facts | {"columns": [each for each in facts["columns"] if column in (None, each["name"])]})
    if html is not None or not as_json:
        picture = picture_table(store, name, partitions=partitions, column=column)
        show_picture(picture, column, html, quiet=as_json)


def refuse_unknown(store: Store, name: str, column: str) -> None:
    """Raises NotFound for a column that the newest version does not have."""
    newest = store.catalog.tables.find_version(name)
    have = [each.name for each in newest.columns] if newest is not None else [column]
    if column not in have:
        raise NotFound(f"Table {name!r} has no column {column!r}; it has {', '.join(have)}.")


def show_picture(picture: TablePicture, column: str | None, html: Path | None, *, quiet: bool) -> None:
    """The picture is in the file, else in the terminal; a sentence tells when there is nothing to draw."""
    if not any(each.series for each in picture.columns):
        table = picture.table
        told = f"No profile of {table}{f'.{column}' if column else ''}: `trivium tables show {table}` has its columns."
    elif html is not None:
        told = write_page(table_page(picture), html)
    else:
        told = ""
        tell_column(picture, picture.columns[0]) if column is not None else tell_table(picture)
    if told and not quiet:
        print_line(told)


def result_rows(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Every result of these judgements."""
    return [msgspec.structs.asdict(result) for judgement in judgements for result in judgement.results]
