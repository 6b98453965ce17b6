"""`trivium audit`: everything that happened, and whether the record is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from trivium.cli.audit_view import tell_problem, tell_report
from trivium.cli.flags import AsJson, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.errors import AuditBroken
from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.audit.verify import verify_audit

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
def checkpoint(
    context: typer.Context,
    anew: Annotated[
        str | None,
        typer.Option("--anew", help="Why the log no longer holds what earlier checkpoints say; it goes on record."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign the head of the log, and keep that apart from the project. This happens by itself once an hour."""
    made = make_checkpoint(open_project(context), anew=anew or "")
    if as_json:
        print_json(made)
    else:
        print_line(f"Event {made.seq:,} and all before it are in the checkpoint that key {made.key} signed.")


@app.command()
def verify(
    context: typer.Context,
    public_key: Annotated[
        list[Path] | None,
        typer.Option("--public-key", help="Believe only this key, a PEM file; may be given several times."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute every link of the chain again, and compare it with the checkpoints. Exit status 1 when it does not hold.

    Found are events that were edited, deleted, inserted, swapped or put in another order, a tail that was cut off, a
    log that was rewritten, and checkpoints that are forged, missing or signed by another key.
    """
    report = verify_audit(open_project(context), public_keys=public_key or ())
    if as_json:
        print_json({"holds": report.holds, **msgspec.structs.asdict(report)})
    else:
        for line in tell_report(report):
            print_line(line)
    if not report.holds:
        raise AuditBroken(tell_problem(report))
