"""The verbs of `trivium tables` that ask the checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.declared_functions import know_functions
from trivium.cli.flags import AsJson
from trivium.cli.listing import print_json, print_line, print_list, print_table
from trivium.cli.profile_view import column_line, profile_facts
from trivium.cli.project import open_project
from trivium.cli.sparkline import sparkline
from trivium.errors import CheckFailed
from trivium.tables.backtest import backtest_table, check_newest, check_rows
from trivium.tables.given_rows import read_given
from trivium.tables.profiles import list_profiles
from trivium.values.alerts import Judgement

Name = Annotated[str, typer.Argument(help="The table.")]
RESULTS = ("partition", "check", "column", "passed", "severity", "message")


def check_table(
    context: typer.Context,
    name: Name,
    file: Annotated[Path | None, typer.Argument(help="Rows to judge as if they were committed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also show the checks that passed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge the newest commit again, or a file's rows without committing them. Exit status 1 when a check fails."""
    store = open_project(context)
    spec = store.catalog.tables.get_spec(name)
    know_functions(store, name)
    judgements = check_newest(store, name) if file is None else check_rows(store, name, read_given(store, spec, file))
    rows = result_rows(judgements)
    failed = [row for row in rows if not row["passed"]]
    partitions = ", ".join(judgement.partition for judgement in judgements[-3:])
    passed = f"{len(rows) - len(failed)} of {len(rows)} checks on {len(judgements)} partitions of {name} passed."
    print_list(rows if everything or as_json else failed, RESULTS, as_json=as_json, empty=passed)
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {len(rows)} checks on table {name!r} failed (newest partitions: {partitions}); "
            f"`trivium tables check {name} --json` shows examples and evidence."
        )


def profile_table(
    context: typer.Context,
    name: Name,
    column: Annotated[str | None, typer.Option("--column", help="Only this column, with all its facts.")] = None,
    partitions: Annotated[int, typer.Option("--partitions", min=1, help="So many of the newest partitions.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Show what each column looks like, in the newest partition and over time."""
    store = open_project(context)
    store.catalog.tables.get_spec(name)
    facts = profile_facts(name, list_profiles(store, name, limit=partitions))
    if column is not None:
        facts["columns"] = [each for each in facts["columns"] if each["name"] == column]
    if as_json:
        print_json(facts)
    elif not facts["columns"]:
        print_line(
            f"No profile of {name}{f'.{column}' if column else ''}: `trivium tables show {name}` has its columns."
        )
    else:
        tell_profile(facts, in_full=column is not None)


def backtest(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Judge every published partition by those before it: what today's checks would have said, and how often."""
    store = open_project(context)
    know_functions(store, name)
    judgements = list(backtest_table(store, name))
    rows = [judgement_row(judgement) for judgement in judgements]
    if as_json:
        print_json(rows)
        return
    alarms = [row for row in rows if row["state"] != "valid"]
    if alarms:
        print_table(alarms, ("partition", "state", "failed", "message"))
    counts = ", ".join(f"{sum(row['state'] == state for row in rows)} {state}" for state in STATES)
    print_line(f"{len(rows)} partitions of {name}: {counts}.")


STATES = ("valid", "flagged", "quarantined")


def result_rows(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Every result of these judgements."""
    return [msgspec.structs.asdict(result) for judgement in judgements for result in judgement.results]


def judgement_row(judgement: Judgement) -> dict[str, Any]:
    """One partition of a backtest."""
    failed = [result for result in judgement.results if not result.passed]
    return {
        "partition": judgement.partition,
        "state": judgement.state,
        "rows": judgement.profile.rows,
        "failed": [result.check for result in failed],
        "message": "; ".join(result.message for result in failed),
    }


def tell_profile(facts: dict[str, Any], *, in_full: bool) -> None:
    """The profile for people."""
    partitions = facts["partitions"]
    print_line(
        f"{facts['table']}, partition {partitions[-1]}, {facts['rows'][-1]:,} rows; over {len(partitions)} partitions:"
    )
    print_table([column_line(column) for column in facts["columns"]], list(column_line(facts["columns"][0])))
    if in_full:
        (column,) = facts["columns"]
        rows = [fact_line(name, value, column["history"][name]) for name, value in column["facts"].items()]
        print_table(rows, ("fact", "newest", "over time"))


def fact_line(name: str, value: float, history: Sequence[float | None]) -> dict[str, Any]:
    """One fact of a column."""
    return {"fact": name, "newest": value, "over time": sparkline(history)}
