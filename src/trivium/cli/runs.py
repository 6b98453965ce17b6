"""`trivium runs`: what ran, on what, and what came out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, Limit
from trivium.cli.group import noun_app
from trivium.cli.listing import print_facts, print_heading, print_list, print_table
from trivium.cli.project import open_project
from trivium.errors import NotFound
from trivium.values.runs import Run, TaskRun

app = noun_app("What ran, on what, and what came out.")
RunId = Annotated[str, typer.Argument(help="The run's id, or a unique beginning of it.")]
LIST = ("id", "pipeline", "status", "started_at", "seconds", "executed", "cached", "trigger", "metrics")
TASKS = ("node", "task", "status", "seconds", "reason")


@app.command("list")
def list_runs(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Option("--pipeline", help="Only runs of this pipeline.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only running, succeeded, failed or refused ones.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    runs = open_project(context).catalog.runs.list_runs(pipeline=pipeline, status=status, limit=limit)
    rows = [run_row(run) for run in runs]
    print_list(rows, LIST, as_json=as_json, empty="No such runs: `trivium run PIPELINE` makes one.")


@app.command("show")
def show_run(context: typer.Context, run: RunId, as_json: AsJson = False) -> None:
    """Show a run: what it read, its parameters and metrics, and each task."""
    store = open_project(context)
    found = store.catalog.runs.get_run(run)
    tasks = [task_row(task) for task in store.catalog.runs.list_tasks(found.id)]
    facts = {**run_row(found), "tasks": tasks}
    if not as_json:
        facts["inputs"] = [f"{read.table}@{read.version}" for read in found.inputs]
        facts["code"] = found.code.git_commit or found.code.digest[:12]
    print_facts(facts, as_json=as_json, leave_out=("tasks",))
    if not as_json and tasks:
        print_heading("tasks")
        print_table(tasks, TASKS)


@app.command("logs")
def show_logs(
    context: typer.Context,
    run: RunId,
    node: Annotated[str | None, typer.Argument(help="Only this task.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the tasks of a run printed, and the error of the one that failed."""
    store = open_project(context)
    found = store.catalog.runs.get_run(run)
    tasks = [task for task in store.catalog.runs.list_tasks(found.id) if node in (None, task.node)]
    if node and not tasks:
        raise NotFound(f"Run {found.id} has no task {node!r}; `trivium runs show {found.id}` lists them.")
    if as_json:
        rows = [{"node": task.node, "status": task.status, "log": task.log, "error": task.error} for task in tasks]
        print_list(rows, (), as_json=True, empty="")
        return
    for task in tasks:
        typer.echo(f"--- {task.node} ({task.status})")
        typer.echo("\n".join(text.rstrip() for text in (task.log, task.error or "") if text.strip()))


def run_row(run: Run) -> dict[str, Any]:
    """A run in a list; `seconds` is None while it goes on."""
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
    return {**msgspec.structs.asdict(run), "seconds": seconds}


def task_row(task: TaskRun) -> dict[str, Any]:
    """A task of a run, without its log."""
    row = msgspec.structs.asdict(task)
    row.pop("log")
    return {**row, "seconds": (task.ended_at - task.started_at).total_seconds() if task.ended_at else None}
