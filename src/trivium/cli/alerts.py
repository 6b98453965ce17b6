"""`trivium alerts`: checks that failed, and what people said of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, Because, Html, Limit
from trivium.cli.group import noun_app
from trivium.cli.lineage_view import effect_rows
from trivium.cli.listing import print_facts, print_heading, print_json, print_line, print_list, print_table
from trivium.cli.picture_view import print_charts, write_page
from trivium.cli.project import open_project
from trivium.cli.retuning_view import retuning_lines
from trivium.lineage.impact import find_alert_impact
from trivium.pictures.alert_picture import picture_alert
from trivium.pictures.page import alert_page
from trivium.pictures.picture import AlertPicture
from trivium.store.store import Store
from trivium.tables.freshness import watch_freshness
from trivium.tables.learned_feedback import answer_alert
from trivium.tables.mute import mute_alert, unmute_alert
from trivium.tables.split_age import watch_splits
from trivium.values.alerts import Alert

app = noun_app("Checks that failed, and what people said of them.")
AlertId = Annotated[str, typer.Argument(help="The alert's id, or a unique beginning of it.")]
DRAWN = ("history", "partitions", "reached")
LIST = ("id", "state", "table", "column", "partition", "check", "severity", "verdict", "message")


@app.command("list")
def list_alerts(
    context: typer.Context,
    *,
    table: Annotated[str | None, typer.Option("--table", help="Only alerts of this table.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only open or resolved ones.")] = None,
    partition: Annotated[str | None, typer.Option("--partition", help="Only alerts of this partition.")] = None,
    muted: Annotated[bool, typer.Option("--muted", help="Also those that are muted.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first."""
    store = open_project(context)
    watch_splits(store)  # age alone can open an alert, whether a worker looks or not
    watch_freshness(store)
    found = store.catalog.alerts.list_alerts(table=table, state=state, partition=partition, limit=limit)
    now = store.clock()
    rows = [msgspec.structs.asdict(alert) for alert in found if muted or not alert.is_muted(now)]
    print_list(rows, LIST, as_json=as_json, empty="No such alerts: every check has passed.")


@app.command("show")
def show_alert(context: typer.Context, alert: AlertId, html: Html = None, as_json: AsJson = False) -> None:
    """Show an alert with its evidence, and the models and endpoints that read its column."""
    store = open_project(context)
    found = store.catalog.alerts.get_alert(alert)
    impact = find_alert_impact(store, found)
    reached = [] if impact is None else [row for row in effect_rows(impact) if row["kind"] != "table"]
    budget = next((each for each in store.catalog.tables.budgets(found.table) if each.check == found.check), None)
    facts: dict[str, Any] = {
        **msgspec.structs.asdict(found),
        "owner": find_owner(store, found),
        "budget": None if budget is None else msgspec.structs.asdict(budget),
        "impact": reached,
    }
    if as_json:
        print_json(facts)
    if html is not None:
        told = write_page(alert_page(picture_alert(store, found)), html)
    if html is not None and not as_json:
        print_line(told)
    elif not as_json:
        print_facts(facts, as_json=False, leave_out=("evidence", "impact", "budget"))
        if budget is not None:
            print_line(
                f"objective {budget.objective}: {budget.remaining:.0%} of the error budget is left, burn rate "
                f"{budget.burn_rate:.3g} (`trivium tables objectives {found.table}`)"
            )
        if reached:
            print_heading("impact: what reads it")
            print_table(reached, ("kind", "name", "reached", "why"))
        print_evidence(picture_alert(store, found))


@app.command()
def confirm(context: typer.Context, alert: AlertId, because: Because, as_json: AsJson = False) -> None:
    """Say that it was a true alarm. It stays open until its partition is repaired; no dismissal quiets its like."""
    judge_alert(context, alert, true_alarm=True, because=because, as_json=as_json)


@app.command()
def dismiss(context: typer.Context, alert: AlertId, because: Because, as_json: AsJson = False) -> None:
    """Say that it was a false alarm: it is resolved, and a learned band widens so that its like is quiet."""
    judge_alert(context, alert, true_alarm=False, because=because, as_json=as_json)


@app.command()
def mute(
    context: typer.Context,
    alert: AlertId,
    because: Because,
    duration: Annotated[str, typer.Option("--for", help='For how long: "12h", "7d"; at most 90d.')],
    as_json: AsJson = False,
) -> None:
    """Tell nobody of it and its like (same table, check and column) for a while. What it blocks stays blocked."""
    store = open_project(context)
    told = mute_alert(store, alert, duration=duration, because=because)
    if as_json:
        print_json(told)
    else:
        print_line(f"{told.check} of {told.table} is muted until {told.muted_until:%Y-%m-%d %H:%M} UTC.")


@app.command()
def unmute(context: typer.Context, alert: AlertId, because: Because, as_json: AsJson = False) -> None:
    """Tell of it and its like again."""
    store = open_project(context)
    told = unmute_alert(store, alert, because=because)
    if as_json:
        print_json(told)
    else:
        print_line(f"{told.check} of {told.table} is not muted any more.")


def judge_alert(context: typer.Context, alert: str, *, true_alarm: bool, because: str, as_json: bool) -> None:
    """The person's verdict is on record, and what it changed is told."""
    store = open_project(context)
    judged, retuned = answer_alert(store, alert, true_alarm=true_alarm, because=because)
    if as_json:
        print_json({**msgspec.structs.asdict(judged), "retuned": retuned})
        return
    print_line(f"Alert {judged.id} on {judged.table}.{judged.column or '*'} is a {judged.verdict}, {judged.state}.")
    for line in retuning_lines(judged, retuned):
        print_line(line)


def find_owner(store: Store, alert: Alert) -> str | None:
    """Who answers for the check that failed, or else for its table."""
    spec = store.catalog.tables.find_spec(alert.table)
    named = [check.owner for check in spec.checks if check.name == alert.check and check.owner] if spec else []
    return next(iter(named), spec.owner if spec else None)


def print_evidence(picture: AlertPicture) -> None:
    """What the check saw: the column's past with the expected band, its values before and after, and the rest."""
    evidence = {name: value for name, value in picture.alert.evidence.items() if name not in DRAWN}
    if picture.column is not None:
        print_charts(picture.column, picture.partitions, charts=1)
    print_heading("evidence")
    print_facts(evidence, as_json=False)
