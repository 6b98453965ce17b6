"""`trivium environments`: what tasks run in, when that is not this environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trivium.cli.flags import AsJson
from trivium.cli.group import noun_app
from trivium.cli.listing import print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.durations import parse_duration
from trivium.errors import Misuse, NotFound, TriviumError
from trivium.pipelines.environment import changed_packages
from trivium.pipelines.environments.build import build_environment, is_built
from trivium.pipelines.environments.declared import Declared, list_environments, locked
from trivium.pipelines.environments.resolve import lock_of, resolve_environment
from trivium.pipelines.environments.unused import remove_unused
from trivium.store.store import Store
from trivium.values.runs import Environment

app = noun_app("What tasks run in, when they ask for packages of their own.")
LIST = ("environment", "python", "packages", "lock", "built", "tasks")
SHOWN = 5
Names = Annotated[list[str] | None, typer.Argument(help="By name, by task, or by requirements. Default: all.")]


@app.command("list")
def show_environments(context: typer.Context, as_json: AsJson = False) -> None:
    """List the environments that the project declares, and whether they are locked and built here."""
    store = open_project(context)
    rows = [listed_row(each, store) for each in list_environments(store)]
    empty = 'No task has an environment of its own: @tv.task(env=tv.env("torch>=2")) asks for one.'
    print_list(rows, LIST, as_json=as_json, empty=empty)


@app.command("lock")
def lock(
    context: typer.Context,
    names: Names = None,
    *,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Resolve anew what is locked: newer packages.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Build it here, too, so that no run has to wait.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the lock, for env(lock=FILE) and for git.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Resolve environments and remember their locks, so that runs use these versions until the next --upgrade."""
    store = open_project(context)
    chosen = choose(list_environments(store), names or [])
    if output is not None and len(chosen) != 1:
        raise Misuse(f"--output takes one environment, and these are {len(chosen)}: name one of them.")
    rows = [lock_one(each, store, upgrade=upgrade, build=build) for each in chosen]
    if output is not None:
        output.write_text(lock_of(resolve_environment(chosen[0].asked, store), store), encoding="utf-8")
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print_line(f"{row['environment']}: {row['packages']} packages, lock {row['lock']}{row['changed']}")


@app.command("gc")
def collect(
    context: typer.Context,
    unused: Annotated[str, typer.Option("--unused", help="Those that no task was run in for so long.")] = "30d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove built environments of this machine, of all projects; they are built again when they are asked for."""
    store = open_project(context)
    found = remove_unused(store.clock(), parse_duration(unused), dry_run=dry_run)
    if as_json:
        print_json(found)
        return
    total = sum(each.bytes for each in found) / 1e6
    print_line(f"{'Would remove' if dry_run else 'Removed'} {len(found)} environments, {total:,.1f} MB.")


def listed_row(declared: Declared, store: Store) -> dict[str, object]:
    """An environment in a list; of one that cannot be used, why."""
    try:
        return environment_row(declared, locked(declared.asked, store))
    except TriviumError as error:
        return {**environment_row(declared, None), "lock": str(error)}


def environment_row(declared: Declared, found: Environment | None) -> dict[str, object]:
    """An environment in a list."""
    return {
        "environment": declared.name,
        "python": found.python if found else None,
        "packages": len(found.packages) if found else None,
        "lock": found.digest[:12] if found else "not locked yet",
        "digest": found.digest if found else None,
        "built": bool(found and is_built(found.digest, touch=False)),
        "tasks": ", ".join(declared.tasks),
    }


def choose(known: list[Declared], names: list[str]) -> list[Declared]:
    """Those with these names, or of these tasks; all without names. Raises NotFound."""
    for name in names:
        if not any(name == each.name or name in each.tasks for each in known):
            there = "; ".join(each.name for each in known) or "none"
            raise NotFound(f"There is no environment {name!r}, nor a task of this name with one; there are: {there}.")
    return [each for each in known if not names or each.name in names or set(names) & set(each.tasks)]


def lock_one(declared: Declared, store: Store, *, upgrade: bool, build: bool) -> dict[str, object]:
    """The environment is locked; what changed is in its row."""
    before = locked(declared.asked, store)
    found = resolve_environment(declared.asked, store, upgrade=upgrade)
    if build:
        build_environment(found, store)
    changed = changed_packages(before, found) if before else {}
    told = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in list(changed.items())[:SHOWN])
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    return {**environment_row(declared, found), "changed": f" ({told}{more})" if told else ""}
