"""`trivium tables objectives`: how often checks have to pass, and what is left of their error budgets."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson
from trivium.cli.listing import print_list
from trivium.cli.project import open_project
from trivium.errors import CheckFailed

LIST = ("table", "check", "owner", "objective", "judged", "failed", "allowed", "remaining", "burn_rate", "exhausted")
NONE = "No check has an objective: tv.objective(tv.rule(...), '99 % of days in 30 d')."


def show_objectives(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The table (default: all of them).")] = None,
    *,
    fail: Annotated[bool, typer.Option("--fail", help="Exit status 1 when a budget is exhausted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is left of the error budget of each check that has an objective, and how fast it burns."""
    tables = open_project(context).catalog.tables
    names = [spec.name for spec in tables.list_specs()] if name is None else [tables.get_spec(name).name]
    budgets = [budget for each in names for budget in tables.budgets(each)]
    print_list([msgspec.structs.asdict(each) for each in budgets], LIST, as_json=as_json, empty=NONE)
    exhausted = [f"{each.table}: {each.check}" for each in budgets if each.exhausted]
    if fail and exhausted:
        raise CheckFailed(f"The error budget is exhausted of {'; '.join(exhausted)}.")
