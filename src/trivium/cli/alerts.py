"""`trivium alerts`: checks that failed, and what people said of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, Because, Html, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_facts, print_heading, print_json, print_line, print_list
from trivium.cli.picture_view import print_charts, write_page
from trivium.cli.project import open_project
from trivium.pictures.alert_picture import picture_alert
from trivium.pictures.page import alert_page
from trivium.pictures.picture import AlertPicture
from trivium.tables.split_age import watch_splits
from trivium.values.alerts import Alert

app = noun_app("Checks that failed, and what people said of them.")
AlertId = Annotated[str, typer.Argument(help="The alert's id, or a unique beginning of it.")]
DRAWN = ("history", "partitions")
LIST = ("id", "state", "table", "column", "partition", "check", "severity", "verdict", "message")


@app.command("list")
def list_alerts(
    context: typer.Context,
    *,
    table: Annotated[str | None, typer.Option("--table", help="Only alerts of this table.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only open or resolved ones.")] = None,
    partition: Annotated[str | None, typer.Option("--partition", help="Only alerts of this partition.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first."""
    store = open_project(context)
    watch_splits(store)  # their age alone can open an alert, whether a worker looks at them or not
    found = store.catalog.alerts.list_alerts(table=table, state=state, partition=partition, limit=limit)
    rows = [msgspec.structs.asdict(alert) for alert in found]
    print_list(rows, LIST, as_json=as_json, empty="No such alerts: every check has passed.")


@app.command("show")
def show_alert(context: typer.Context, alert: AlertId, html: Html = None, as_json: AsJson = False) -> None:
    """Show an alert with its evidence: its column's past on the expected band, before and after."""
    store = open_project(context)
    found = store.catalog.alerts.get_alert(alert)
    facts: dict[str, Any] = msgspec.structs.asdict(found)
    if as_json:
        print_json(facts)
    if html is not None:
        told = write_page(alert_page(picture_alert(store, found)), html)
    if html is not None and not as_json:
        print_line(told)
    elif not as_json:
        print_facts(facts, as_json=False, leave_out=("evidence",))
        print_evidence(picture_alert(store, found))


@app.command()
def confirm(context: typer.Context, alert: AlertId, because: Because, as_json: AsJson = False) -> None:
    """Say that it was a true alarm. It stays open until its partition is repaired."""
    judge_alert(context, alert, true_alarm=True, because=because, as_json=as_json)


@app.command()
def dismiss(context: typer.Context, alert: AlertId, because: Because, as_json: AsJson = False) -> None:
    """Say that it was a false alarm; it is resolved, and the check learns from it."""
    judge_alert(context, alert, true_alarm=False, because=because, as_json=as_json)


def judge_alert(context: typer.Context, alert: str, *, true_alarm: bool, because: str, as_json: bool) -> None:
    """The person's verdict is on record."""
    store = open_project(context)
    found = store.catalog.alerts.get_alert(alert)
    judged: Alert = store.catalog.alerts.judge(found.id, true_alarm=true_alarm, because=because, actor=store.actor)
    if as_json:
        print_json(judged)
    else:
        print_line(f"Alert {judged.id} on {judged.table}.{judged.column or '*'} is a {judged.verdict}, {judged.state}.")


def print_evidence(picture: AlertPicture) -> None:
    """What the check saw: the column's past with the expected band, its values before and after, and the rest."""
    evidence = {name: value for name, value in picture.alert.evidence.items() if name not in DRAWN}
    if picture.column is not None:
        print_charts(picture.column, picture.partitions, charts=1)
    print_heading("evidence")
    print_facts(evidence, as_json=False)
