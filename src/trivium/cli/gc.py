"""`trivium gc`: space is given back."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson
from trivium.cli.group import single_app
from trivium.cli.listing import print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.pipelines.left_checkpoints import collect_checkpoints
from trivium.pipelines.left_logs import collect_logs
from trivium.tables.gc import collect_garbage


def gc(
    context: typer.Context,
    tables: Annotated[list[str] | None, typer.Argument(help="Only these tables.")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Give up versions published longer ago, such as 90d.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete files that nothing needs; with --older-than also old versions, except those that have to stay.

    The newest version, those that a snapshot names and those that a registered model was trained on always stay.
    """
    store = open_project(context)
    found = collect_garbage(store, tables or None, older_than=older_than, dry_run=dry_run)
    checkpoints = 0 if tables else collect_checkpoints(store, dry_run=dry_run)
    logs = 0 if tables else collect_logs(store, dry_run=dry_run)
    if as_json:
        print_json([msgspec.to_builtins(each, str_keys=True) for each in found])
        return
    rows = [
        {
            "table": each.table, "versions": len(each.versions), "kept": len(each.kept), "files": len(each.files),
            "bytes": each.bytes,
        }
        for each in found if each.files or each.versions
    ]  # fmt: skip
    if rows:
        print_table(rows, ("table", "versions", "kept", "files", "bytes"))
    if checkpoints:
        print_line(f"{checkpoints / 1e6:,.1f} MB of checkpoints that no task goes on from.")
    if logs:
        print_line(f"{logs / 1e6:,.1f} MB of what tasks printed more than 30 days ago; the ends are on record.")
    total = checkpoints + logs + sum(each.bytes for each in found)
    print_line(f"{'Would free' if dry_run else 'Freed'} {total / 1e6:,.1f} MB.")


app = single_app(gc)
