"""`trivium pipelines`: what others may call by name and version."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_facts, print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.errors import Misuse
from trivium.pipelines.publish import publish_pipeline, publish_run
from trivium.pipelines.published import signature_of
from trivium.pipelines.registry import find_pipeline
from trivium.store.store import Store
from trivium.values.published import Publication

app = noun_app("Pipelines that others call by name and version, without having their code.")
LIST = ("id", "signature", "tables", "actor", "created_at", "note")


@app.command("publish")
def publish(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Argument(help="A pipeline of this project.")] = None,
    *,
    run: Annotated[
        str | None, typer.Option("--run", help="Publish the code of this run, as it was when that ran.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What is new, for those who call it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Publish a pipeline as it is now, or as a run had it: its code has to import and draw in a process of its own.

    When nothing of it changed since the newest version, that one is told again.
    """
    store = open_project(context)
    name = _name_of(store, pipeline, run)
    before = store.catalog.published.list_publications(name=name, limit=1)
    with redirect_stdout(sys.stderr):
        if run is None:
            made = publish_pipeline(store, find_pipeline(name, store.settings), note=note)
        else:
            made = publish_run(store, run, note=note)
    if as_json:
        print_json(publication_row(made))
        return
    print_line(f"{made} is {'published already' if made in before else 'published'}: {made.name}{signature_of(made)}")
    for line in changes(before, made):
        print_line(f"  {line}")
    print_line(f'Others call it as tv.published("{made.name}", version={made.version})(...).')


def _name_of(store: Store, pipeline: str | None, run: str | None) -> str:
    if run is None:
        if pipeline is None:
            raise Misuse("Say what to publish: a pipeline of this project, or --run with a run that has succeeded.")
        return pipeline
    found = store.catalog.runs.get_run(run)
    if pipeline not in (None, found.pipeline):
        raise Misuse(f"Run {found.id} is one of {found.pipeline!r}, and not of {pipeline!r}.")
    return found.pipeline


@app.command("list")
def list_published(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--name", help="Only versions of this pipeline.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the published versions, newest first."""
    found = open_project(context).catalog.published.list_publications(name=name, limit=limit)
    rows = [publication_row(each) for each in found]
    print_list(rows, LIST, as_json=as_json, empty="Nothing is published: `trivium pipelines publish NAME` does it.")


@app.command("show")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The pipeline, such as features, or one version of it: features@3.")],
    as_json: AsJson = False,
) -> None:
    """Show a published pipeline: how it is called, what it reads, and where its code is kept."""
    word, _, version = name.partition("@")
    if version and not version.isdigit():
        raise Misuse(f"{name!r} is no version of a pipeline; write features@3.")
    found = open_project(context).catalog.published.get_publication(word, int(version) if version else None)
    print_facts(publication_row(found), as_json=as_json, leave_out=() if as_json else ("parameters", "result"))


def publication_row(found: Publication) -> dict[str, Any]:
    """A version as the terminal shows it."""
    row = msgspec.structs.asdict(found)
    tables = "as it is given" if found.tables is None else ", ".join(found.tables) or "none"
    return {"id": str(found), "signature": str(signature_of(found)), **row, "tables": tables}


def changes(before: Sequence[Publication], now: Publication) -> list[str]:
    """What callers of the version before have to know."""
    if not before or before[0] == now:
        return []
    old, new = ({each.name: each for each in one.parameters} for one in (before[0], now))
    told = [f"without the parameter {name}" for name in old if name not in new]
    told += [f"needs the parameter {name}" for name in new if name not in old and new[name].default is None]
    told += [f"parameter {name} has another type" for name in new if name in old and new[name].kind != old[name].kind]
    told += ["returns another type"] if before[0].result != now.result else []
    return [f"Other than {before[0]}: {', '.join(told)}."] if told else []
