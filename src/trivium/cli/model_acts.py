"""The verbs of `trivium models` that judge and decide."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson, Because
from trivium.cli.listing import print_json, print_line, print_table
from trivium.cli.model_reads import RESULTS, gate_facts, model_row
from trivium.cli.project import open_project
from trivium.errors import GateFailed
from trivium.models.gate import judge_gate
from trivium.models.promotion import CHAMPION, approve, promote, rollback
from trivium.models.score import score_model
from trivium.values.models import ModelVersion

Name = Annotated[str, typer.Argument(help="The model.")]
Version = Annotated[str | None, typer.Argument(help="A version's number or alias (default: the newest).")]


def judge_version(context: typer.Context, name: Name, version: Version = None, as_json: AsJson = False) -> None:
    """Judge the release gate of a version now, on record. Exit status 1 when it does not pass."""
    gate = judge_gate(open_project(context), name, version)
    facts = gate_facts(gate)
    if as_json:
        print_json(facts)
    else:
        print_table(facts["results"], RESULTS)
    failed = [result.check for result in gate.results if not result.passed]
    if not gate.passed:
        raise GateFailed(f"The gate of {gate.model} version {gate.version} failed on {', '.join(failed)}.")
    if not as_json:
        print_line(f"The gate of {gate.model} version {gate.version} passed.")


def approve_version(
    context: typer.Context,
    name: Name,
    version: Version = None,
    *,
    because: Because,
    override: Annotated[bool, typer.Option("--override", help="Stand in for a failed gate, on record.")] = False,
    as_json: AsJson = False,
) -> None:
    """Approve a version, as somebody other than its author."""
    approval = approve(open_project(context), name, version, because=because, override=override)
    if as_json:
        print_json(msgspec.to_builtins(approval))
    else:
        print_line(f"{approval.model} version {approval.version} is {approval.decision} by {approval.actor}.")


def promote_version(
    context: typer.Context,
    name: Name,
    version: Version = None,
    *,
    because: Because,
    alias: Annotated[str, typer.Option("--alias", help="The alias that names this version from now on.")] = CHAMPION,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion. Exit status 1 when its gate did not pass or approvals are missing."""
    tell_model(promote(open_project(context), name, version, alias, because=because), alias, as_json=as_json)


def roll_back(context: typer.Context, name: Name, because: Because, as_json: AsJson = False) -> None:
    """Make the champion before this one champion again."""
    tell_model(rollback(open_project(context), name, because), CHAMPION, as_json=as_json)


def score_version(context: typer.Context, name: Name, version: Version = None, as_json: AsJson = False) -> None:
    """Score how ready for production a version is: Google's 28 tests, answered from the facts (0 to 7)."""
    score = score_model(open_project(context), name, version)
    if as_json:
        print_json(score)
        return
    rows = [msgspec.structs.asdict(mark) for mark in score.tests]
    print_table(rows, ("id", "points", "title", "why", "next"))
    print_line(f"{score.model} version {score.version}: {score.total:g} of 7. {score.story}")


def tell_model(model: ModelVersion, alias: str, *, as_json: bool) -> None:
    """What an alias names now."""
    if as_json:
        print_json(model_row(model))
    else:
        print_line(f"{alias} of {model.name} is version {model.version}.")
