"""`trivium runs`: what ran, on what, and what came out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, Limit, On
from trivium.cli.group import noun_app
from trivium.cli.listing import print_facts, print_heading, print_json, print_line, print_list, print_table
from trivium.cli.project import open_project
from trivium.cli.reproduction_view import differing_line, reproduction_line, reproduction_lines
from trivium.cli.run_environment import environment_line, environment_of, own_environments
from trivium.cli.run_output import show_output
from trivium.cli.run_progress import RunLines
from trivium.cli.run_velocity import show_velocity
from trivium.cli.run_view import ended_line, parameter_rows, run_row, secrets_of, task_row
from trivium.errors import NotFound, ReproductionDiffers
from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.environments.lock import pinned
from trivium.pipelines.environments.resolve import lock_of
from trivium.pipelines.given_files import list_given_files
from trivium.pipelines.live_log import follow_logs
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.reproduction import list_reproductions
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store
from trivium.tracking.comparison import Comparison, compare_runs

app = noun_app("What ran, on what, and what came out.")
RunId = Annotated[str, typer.Argument(help="The run's id, or a unique beginning of it.")]
LIST = ("id", "pipeline", "status", "started_at", "seconds", "executed", "cached", "trigger", "metrics")
PARAMETERS = ("parameter", "value", "source")
TASKS = ("node", "task", "status", "seconds", "reason")


@app.command("list")
def list_runs(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Option("--pipeline", help="Only runs of this pipeline.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only running, succeeded, failed, cancelled or refused ones.")
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
    """Show a run: what it read, its parameters and where each came from, its secrets by name, metrics and tasks."""
    store = open_project(context)
    found = store.catalog.runs.get_run(run)
    done = store.catalog.runs.list_tasks(found.id, items=as_json)
    tasks = [task_row(task) for task in done]
    reproduced = list_reproductions(store, found.id)
    own = own_environments(store, done)
    facts = {
        **run_row(found), "files": list_given_files(store, done), "environments": own, "secrets": secrets_of(done),
        "tasks": tasks, "reproduced": reproduced,
    }  # fmt: skip
    if not as_json:
        facts["inputs"] = [f"{read.table}@{read.version}" for read in found.inputs]
        facts["files"] = [f"{name} ({digest[:12]})" for name, digest in facts["files"].items()]
        facts["code"] = found.code.git_commit or found.code.digest[:12]
        facts["environments"] = [environment_line(*each) for each in own.items()]
        facts["reproduced"] = [reproduction_line(each) for each in reproduced[-1:]]
    print_facts(facts, as_json=as_json, leave_out=("tasks", "parameters", "sources"))
    if not as_json and found.parameters:
        print_heading("parameters")
        print_table(parameter_rows(found), PARAMETERS)
    if not as_json and tasks:
        print_heading("tasks")
        print_table(tasks, TASKS)


@app.command("logs")
def show_logs(
    context: typer.Context,
    run: RunId,
    node: Annotated[str | None, typer.Argument(help="Only this task.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the tasks of a run printed, and the error of the one that failed."""
    store = open_project(context)
    found = store.catalog.runs.get_run(run)
    if follow and found.status in ("running", "cancelling"):
        follow_run(store, found.id, node)
        return
    tasks = store.catalog.runs.list_tasks(found.id, items=False) if node is None else []
    if node is not None and (one := store.catalog.runs.find_task(found.id, node)) is not None:
        tasks = [one]
    if node and not tasks:
        raise NotFound(f"Run {found.id} has no task {node!r}; `trivium runs show {found.id}` lists them.")
    if as_json:
        rows = [{"node": task.node, "status": task.status, "log": task.log, "error": task.error} for task in tasks]
        print_list(rows, (), as_json=True, empty="")
        return
    for task in tasks:
        typer.echo(f"--- {task.node} ({task.status})")
        typer.echo("\n".join(text.rstrip() for text in (task.log, task.error or "") if text.strip()))


def follow_run(store: Store, run: str, node: str | None) -> None:
    """What the tasks print as they print it, each change of task under its name; then how the run ended."""
    last = None
    for name, text in follow_logs(store, run, node):
        if name != last:
            typer.echo(f"--- {name}")
        typer.echo(text, nl=False)
        last = name
    ended = store.catalog.runs.get_run(run)
    typer.echo(f"--- run {ended.id} has {ended.status}" + (f": {ended.error}" if ended.error else ""))


@app.command("compare")
def compare(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(help="Two runs or more.")],
    everything: Annotated[bool, typer.Option("--all", help="Also show what is the same.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs between runs: parameters, inputs, code, packages and metrics."""
    comparison = compare_runs(open_project(context), runs, everything=everything)
    if as_json:
        print_json(comparison)
    else:
        rows = comparison_rows(comparison)
        print_list(rows, ("what", "name", *comparison.runs), as_json=False, empty="Nothing differs.")


@app.command("resume")
def resume(
    context: typer.Context,
    run: RunId,
    accept_alerts: Annotated[bool, typer.Option("--accept-alerts", help="Go on in spite of blocking alerts.")] = False,
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that failed or was killed: only unfinished tasks are done."""
    store = open_project(context)
    with redirect_stdout(sys.stderr):
        ended = resume_run(store, run, accept_alerts=accept_alerts, on=on, progress=RunLines())
    if as_json:
        print_json(run_row(ended))
    else:
        print_line(ended_line(ended))


@app.command("cancel")
def cancel(context: typer.Context, run: RunId, as_json: AsJson = False) -> None:
    """End a run that is going on: its tasks stop at once, and what is finished is kept for `runs resume`."""
    ended = cancel_run(open_project(context), run)
    if as_json:
        print_json(run_row(ended))
    elif ended.status == "cancelled":
        print_line(f"Run {ended.id} is cancelled; `trivium runs resume {ended.id}` goes on with it.")
    else:
        print_line(f"Run {ended.id} has {ended.status} already.")


@app.command("reproduce")
def reproduce(
    context: typer.Context,
    run: RunId,
    *,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance", min=0.0, help="Metrics may differ by this much, absolute or relative, such as 1e-9."
        ),
    ] = 0.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Don't execute a task that differs again to find out why.")
    ] = False,
    exact_env: Annotated[
        bool,
        typer.Option("--exact-env", help="In the packages and the Python of the run, which uv installs, not in these."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run it again from its kept code and recorded inputs, everything anew, in a process of its own, and compare.

    Exit status 1 when an output or a metric differs.
    """
    store = open_project(context)
    with redirect_stdout(sys.stderr):
        outcome = reproduce_run(
            store, run, tolerance=tolerance, explain=not quick, exact_environment=exact_env, progress=RunLines()
        )
    if as_json:
        print_json({**msgspec.structs.asdict(outcome), "same": outcome.same})
    else:
        for line in reproduction_lines(outcome):
            print_line(line)
    if not outcome.same:
        raise ReproductionDiffers(differing_line(outcome))


@app.command("environment")
def show_environment(
    context: typer.Context,
    run: RunId,
    node: Annotated[str | None, typer.Argument(help="This task, when it has an environment of its own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a run, or a task of it, ran in: every package with its version; of a lock, its text with hashes."""
    store = open_project(context)
    found = environment_of(store, run, node)
    lock = lock_of(found, store)
    if as_json:
        print_json({**msgspec.structs.asdict(found), "text": lock})
    else:
        typer.echo(lock or "\n".join(pinned(found.packages)), nl=not lock)


app.command("output")(show_output)
app.command("velocity")(show_velocity)


def comparison_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """The comparison as rows: what, name, and one value for each run."""
    parts: list[tuple[str, str, Sequence[Any]]] = [
        *(("parameter", name, values) for name, values in comparison.parameters.items()),
        *(("input", name, values) for name, values in comparison.inputs.items()),
        *(("package", name, values) for name, values in comparison.packages.items()),
        *(("metric", row.name, row.values) for row in comparison.metrics),
    ]
    if comparison.code:
        parts.insert(0, ("code", "", comparison.code))
    return [
        {"what": what, "name": name, **dict(zip(comparison.runs, values, strict=True))} for what, name, values in parts
    ]
