"""`trivium splits`: validation sets, and how every model did on them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from trivium.cli.flags import AsJson, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_facts, print_heading, print_line, print_list, print_table
from trivium.cli.project import open_project
from trivium.cli.split_view import parse_place, score_row, split_row, told_row
from trivium.tables.split_age import watch_splits

app = noun_app("Validation sets, and how every model did on them.")
LIST = ("id", "rule", "exam_rows", "first", "last", "created_at", "state", "scores")
SCORES = ("model", "metrics", "registered_at")


@app.command("list")
def list_splits(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Only versions of this split.")] = None,
    before: Annotated[str | None, typer.Option("--before", help="Go on after this one, such as exam@3.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the versions of splits with the newest models examined on each, newest first."""
    store = open_project(context)
    watch_splits(store)
    last = None
    if before is not None:
        split = store.catalog.splits.get_split(*parse_place(before))
        last = (split.created_at, split.name, split.version)
    found = store.catalog.splits.list_splits(name=name, before=last, limit=limit)
    rows: list[dict[str, Any]] = [split_row(store, split) for split in found]
    if not as_json:
        rows = [told_row(row) for row in rows]
    print_list(rows, LIST, as_json=as_json, empty="No such splits: a pipeline that calls tv.split(...) makes one.")


@app.command("show")
def show_split(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The split, such as exam, or one version of it: exam@3.")],
    *,
    before: Annotated[str | None, typer.Option("--before", help="Models after this one, such as lateness@7.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Show a split: its rule, its rows, what it came from, who worked with it, and every model's scores on it."""
    store = open_project(context)
    split = store.catalog.splits.get_split(*parse_place(name))
    watch_splits(store, [split.name])
    last = None
    if before is not None:
        model = store.catalog.models.get_model(*parse_place(before))
        last = (model.registered_at, model.name, model.version)
    models = store.catalog.splits.list_examined(split.exam_digest, before=last, limit=limit)
    uses = store.catalog.splits.list_uses(split.name, split.version, limit=limit)
    facts = {
        **split_row(store, split),
        "scores": [score_row(model) for model in models],
        "uses": [{"run": use.run, "task": use.node} for use in uses],
    }
    print_facts(facts, as_json=as_json, leave_out=("scores", "uses"))
    if as_json:
        return
    print_heading("scores")
    rows = [{**score, "model": f"{score['model']}@{score['version']}"} for score in facts["scores"]]
    print_table(rows, SCORES) if rows else print_line("No registered model was evaluated on these rows yet.")
    if facts["uses"]:
        print_heading("used by")
        print_table(facts["uses"], ("run", "task"))
