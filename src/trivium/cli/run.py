"""`trivium run`: a pipeline of this project."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson, On
from trivium.cli.group import single_app
from trivium.cli.listing import print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.cli.run_progress import AsProgress, Telling, progress_for
from trivium.cli.run_view import ended_line, run_row
from trivium.errors import Misuse
from trivium.pipelines.plan import Plan
from trivium.pipelines.registry import find_pipeline
from trivium.values.runs import Run


def run_pipeline(
    context: typer.Context,
    pipeline: Annotated[str, typer.Argument(help="The pipeline; its file is named in trivium.toml.")],
    *,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter, or a part of one: `--set model.depth=4`."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Parameters from a .toml or .json file; `--set` goes before it."),
    ] = None,
    on: On = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would run, and why.")] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="Names this run for ever: the same key again gives the same run.")
    ] = None,
    partitions: Annotated[
        str | None,
        typer.Option(
            "--partitions",
            metavar="A..B",
            help="Which partitions tasks that commit into tables make, instead of all that are missing or stale.",
        ),
    ] = None,
    accept_alerts: Annotated[
        bool, typer.Option("--accept-alerts", help="Run on inputs with open blocking alerts; goes on record.")
    ] = False,
    progress: AsProgress = Telling.lines,
    as_json: AsJson = False,
) -> None:
    """Run a pipeline, reusing what is unchanged. Exit status 1 when a task fails or a blocking alert is open."""
    store = open_project(context)
    found = find_pipeline(pipeline, store.settings).configured(config, texts=parse_parameters(settings or ()))
    if plan:
        tell_plan(found.plan(store=store, partitions=partitions), as_json=as_json)
        return
    with redirect_stdout(sys.stderr):
        run = found.run(
            key=key,
            accept_alerts=accept_alerts,
            partitions=partitions,
            on=on,
            store=store,
            progress=progress_for(progress),
        )
    tell_run(run, as_json=as_json)


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """{"model.depth": "4"} of ["model.depth=4"]. Raises Misuse for anything else."""
    parameters = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not all(part.isidentifier() for part in name.split(".")):
            raise Misuse(f"{text!r} is not a parameter; write `--set depth=4`.")
        parameters[name] = value
    return parameters


def tell_plan(plan: Plan, *, as_json: bool) -> None:
    """What a run would do."""
    if as_json:
        print_json(plan)
        return
    reads = ", ".join(f"{read.table}@{read.version}" for read in plan.inputs) or "no tables"
    print_line(f"{plan.pipeline} would read {reads}:")
    print_table([msgspec.structs.asdict(step) for step in plan.steps], ("node", "action", "why"))


def tell_run(run: Run, *, as_json: bool) -> None:
    """What a run did."""
    if as_json:
        print_json(run_row(run))
        return
    print_line(ended_line(run))
    for name, value in run.metrics.items():
        print_line(f"  {name} {value:.4g}")


app = single_app(run_pipeline)
