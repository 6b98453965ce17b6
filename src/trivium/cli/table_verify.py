"""`trivium tables verify`: every byte that tables keep is read again."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson
from trivium.cli.listing import print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.errors import CorruptObject
from trivium.tables.verify import Verified, verify_table


def verify(
    context: typer.Context,
    tables: Annotated[list[str] | None, typer.Argument(help="The tables (default: all).")] = None,
    as_json: AsJson = False,
) -> None:
    """Read every byte of every kept version, and compare it with what was committed. Exit status 1 when one differs."""
    store = open_project(context)
    names = tables or [spec.name for spec in store.catalog.tables.list_specs()]
    found = [verify_table(store, name) for name in names]
    if as_json:
        print_json([msgspec.to_builtins(each) for each in found])
    else:
        _print(found)
    damaged = [each.path for table in found for each in table.damaged]
    if damaged:
        raise CorruptObject(f"{len(damaged)} files are damaged, {damaged[0]} first: restore them from a back-up.")


def _print(found: list[Verified]) -> None:
    for each in found:
        print_line(
            f"{each.table}: {each.files:,} files, {each.bytes / 1e6:,.1f} MB read; {each.versions:,} versions are whole"
        )
    rows = [
        {"table": table.table, "versions": list(each.versions), "problem": each.problem}
        for table in found
        for each in table.damaged
    ]
    if rows:
        print_table(rows, ("table", "versions", "problem"))
