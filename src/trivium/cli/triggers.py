"""`trivium triggers`: when an event happens, do something."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.errors import TaskFailed
from trivium.pipelines.registry import list_pipelines
from trivium.triggers.worker import declare_triggers, tick

app = noun_app("When an event happens, do something.")
FIRINGS = ("id", "trigger", "event", "state", "partition", "run", "reason")
Name = Annotated[str, typer.Argument(help="The trigger.")]


@app.command("list")
def list_triggers(context: typer.Context, as_json: AsJson = False) -> None:
    """List the triggers."""
    rows = [msgspec.structs.asdict(spec) for spec in open_project(context).catalog.triggers.list_triggers()]
    columns = ("name", "event", "subject", "action", "target", "every", "paused")
    print_list(rows, columns, as_json=as_json, empty="No triggers yet: `tv.on(table.committed).run(pipeline)` is one.")


@app.command("fire")
def fire(context: typer.Context, as_json: AsJson = False) -> None:
    """Look at new events now and do what the triggers ask for. Exit status 1 when something failed."""
    store = open_project(context)
    pipelines = list_pipelines(store.settings)
    declare_triggers(store, pipelines)
    with redirect_stdout(sys.stderr):
        firings = tick(store, pipelines)
    rows = [msgspec.structs.asdict(firing) for firing in firings]
    print_list(rows, FIRINGS, as_json=as_json, empty="Nothing to do: no new event met a trigger.")
    failed = [firing.id for firing in firings if firing.state == "failed"]
    if failed:
        raise TaskFailed(f"These firings failed: {', '.join(failed)}; `trivium triggers log` shows the reasons.")


@app.command("pause")
def pause_trigger(
    context: typer.Context,
    name: Name,
    resume: Annotated[bool, typer.Option("--resume", help="Let it go on instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pause a trigger, or let it go on. Events that happen meanwhile are met when it goes on."""
    store = open_project(context)
    spec = store.catalog.triggers.pause(name, paused=not resume, actor=store.actor)
    if as_json:
        print_json(spec)
    else:
        print_line(f"Trigger {spec.name} {'is paused' if spec.paused else 'goes on'}.")


@app.command("log")
def show_log(
    context: typer.Context,
    trigger: Annotated[str | None, typer.Option("--trigger", help="Only firings of this trigger.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only pending, refused, running, done or failed ones.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show what the triggers did, newest first."""
    firings = open_project(context).catalog.triggers.list_firings(trigger=trigger, state=state, limit=limit)
    rows = [msgspec.structs.asdict(firing) for firing in firings]
    print_list(rows, FIRINGS, as_json=as_json, empty="No trigger has fired yet.")
