"""`trivium lineage`: where things come from, what they go into, and what a change would reach."""

from __future__ import annotations

from typing import Annotated

import typer

from trivium.cli.flags import AsJson
from trivium.cli.group import noun_app
from trivium.cli.lineage_view import draw_walk, effect_rows, walk_facts
from trivium.cli.listing import console, print_heading, print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.errors import Misuse
from trivium.lineage.impact import find_impact
from trivium.lineage.openlineage.emit import emit
from trivium.lineage.openlineage.receiver import NotReceived
from trivium.lineage.staleness import find_stale_nodes
from trivium.lineage.thing import find_thing
from trivium.lineage.walk import downstream, upstream
from trivium.values.lineage import Walk

app = noun_app("Where things come from, what they go into, and what a change would reach.")
Thing = Annotated[
    str,
    typer.Argument(help="`flights`, `flights@3`, `flights.distance`, `model:late@2`, `endpoint:late`, `run:ID`."),
]
CUTS = {
    "depth": "There is more behind the last ones; `--depth` goes further.",
    "limit": "There is more than is shown; `--limit` shows more.",
}


@app.command("show")
def show_lineage(
    context: typer.Context,
    thing: Thing,
    *,
    only_upstream: Annotated[bool, typer.Option("--upstream", help="Only what it comes from.")] = False,
    only_downstream: Annotated[bool, typer.Option("--downstream", help="Only what it goes into.")] = False,
    depth: Annotated[int, typer.Option("--depth", min=1, help="So many steps.")] = 8,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many connections.")] = 200,
    blobs: Annotated[bool, typer.Option("--blobs", help="Also what tasks returned.")] = False,
    whole: Annotated[bool, typer.Option("--all", help="Every run, also many that did the same.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a thing comes from, and what it goes into."""
    store = open_project(context)
    node = find_thing(store.catalog, thing)
    ways = [way for way, left_out in ((upstream, only_downstream), (downstream, only_upstream)) if not left_out]
    walks = [way(store.catalog, node, depth=depth, limit=limit, blobs=blobs) for way in ways or (upstream, downstream)]
    stale = find_stale_nodes(store.catalog, {each for walk in walks for each in (walk.start, *walk.nodes)})
    if as_json:
        print_json({walk.direction: walk_facts(walk, stale) for walk in walks})
        return
    for walk in walks:
        print_heading("comes from" if walk.direction == "upstream" else "goes into")
        console().print(draw_walk(store, walk, stale, whole=whole))
        print_line(closing(walk))


def closing(walk: Walk) -> str:
    """What is to be said under a tree."""
    if not walk.edges:
        return "Nothing is on record."
    return CUTS.get(walk.cut, "")


@app.command("emit")
def emit_lineage(
    context: typer.Context,
    *,
    to: Annotated[str | None, typer.Option("--to", help="A file or URL (default: the setting `openlineage`).")] = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Begin behind this event (0: the first), not where it ended.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send what happened since the last time as OpenLineage events. Exit status 1 when the receiver did not take it."""
    store = open_project(context)
    receiver = to or store.settings.openlineage
    if not receiver:
        raise Misuse(
            "Nobody is named who receives lineage: say `trivium lineage emit --to lineage.jsonl` (or a URL), or set "
            "`openlineage` in trivium.toml."
        )
    emission = emit(store, receiver, after=after)
    if as_json:
        print_json(emission)
    else:
        print_line(f"{emission.messages:,} messages were sent; event {emission.position:,} is dealt with.")
    if emission.error:
        raise NotReceived(f"{emission.error} The next `trivium lineage emit` goes on there.")


@app.command("impact")
def show_impact(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="A table or a column of it: `flights`, `flights.distance`.")],
    as_json: AsJson = False,
) -> None:
    """Show what a change of a table or column would reach: models, endpoints and other tables, and why."""
    store = open_project(context)
    node = find_thing(store.catalog, subject if subject.startswith("table:") else f"table:{subject}")
    impact = find_impact(store, node)
    rows = list(effect_rows(impact))
    if as_json:
        declared = list(impact.declared)
        print_json({"subject": str(node), "summary": impact.summary, "complete": impact.complete, "declared": declared,
                    "effects": rows})  # fmt: skip
        return
    print_line(f"{node}: {impact.summary}")
    if impact.declared:
        print_line(f"In its own table: {', '.join(impact.declared)}.")
    if rows:
        print_table(rows, ("kind", "name", "reached", "why"))
    if not impact.complete:
        print_line("Only the newest part of what happened was looked at.")
