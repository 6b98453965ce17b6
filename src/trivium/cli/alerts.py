"""`trivium alerts`: checks that failed, and what people said of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, Because, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import console, print_facts, print_heading, print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.cli.sparkline import band_chart
from trivium.tables.split_age import watch_splits
from trivium.values.alerts import Alert

app = noun_app("Checks that failed, and what people said of them.")
AlertId = Annotated[str, typer.Argument(help="The alert's id, or a unique beginning of it.")]
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
def show_alert(context: typer.Context, alert: AlertId, as_json: AsJson = False) -> None:
    """Show an alert with its evidence."""
    found = open_project(context).catalog.alerts.get_alert(alert)
    facts: dict[str, Any] = msgspec.structs.asdict(found)
    print_facts(facts, as_json=as_json, leave_out=("evidence",))
    if not as_json:
        print_evidence(found)


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


def print_evidence(alert: Alert) -> None:
    """What the check saw; where it is a number with a history, a chart with the expected band."""
    evidence = dict(alert.evidence)
    drawn = [evidence.get(name) for name in ("history", "low", "high", "observed")]
    history, *numbers = drawn
    if isinstance(history, list) and all(isinstance(number, (int, float)) for number in numbers):
        low, high, observed = (float(number) for number in numbers if number is not None)
        print_heading("history, expected band (shaded) and observed value")
        for line in band_chart(history, low, high, observed):
            console().print(line)
        evidence.pop("history")
    print_heading("evidence")
    print_facts(evidence, as_json=False)
