"""`trivium audit`: everything that happened, and whether the record is whole."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.errors import AuditBroken

app = noun_app("Everything that happened, and whether the record is whole.")


@app.command()
def log(
    context: typer.Context,
    limit: Limit = 50,
    subject: Annotated[str | None, typer.Option("--subject", help="Only what happened to this object.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest events, newest first."""
    events = open_project(context).catalog.events.list_newest(limit=limit, subject=subject)
    rows = [msgspec.structs.asdict(event) for event in events]
    print_list(
        rows, ("seq", "at", "actor", "kind", "subject", "detail"), as_json=as_json, empty="Nothing happened yet."
    )


@app.command()
def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Compute every link of the audit chain again. Exit status 1 when an event was changed, removed or inserted."""
    chain = open_project(context).catalog.events.verify()
    if as_json:
        print_json({"holds": not chain.problems, **msgspec.structs.asdict(chain)})
    elif not chain.problems:
        print_line(f"The chain of {chain.events:,} events holds; its head is {chain.head}.")
    if chain.problems:
        raise AuditBroken(
            f"The audit chain is broken: {'; '.join(chain.problems)}. Restore the catalog from a back-up."
        )
