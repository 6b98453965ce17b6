"""`trivium notebooks`: from exploring to a module that is tested and run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from trivium.cli.flags import AsJson
from trivium.cli.group import noun_app
from trivium.cli.listing import print_heading, print_json, print_line
from trivium.cli.project import find_settings
from trivium.notebooks.promote import Promotion, promote

app = noun_app("From exploring in cells to a module that is tested and run.")


@app.command("promote")
def promote_notebook(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(help="The notebook's file (.ipynb).")],
    to: Annotated[
        Path | None, typer.Option("--to", help="The module's file (default: beside the notebook, named as it).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a module of a notebook's tasks and pipelines, and a test stub; nothing when its state is hidden.

    Refused are cells that ran in another order, names that no cell above defines or that two cells define differently,
    and magics that do something. What only explores is left out and listed.
    """
    settings = find_settings(context)
    done = promote(notebook, settings.root, to)
    if as_json:
        print_json(msgspec.to_builtins(done))
    else:
        tell(done)
        if Path(done.module).resolve() not in [(settings.root / each).resolve() for each in settings.pipelines]:
            print_line("`trivium run` finds it when `pipelines` in trivium.toml names its file.")


def tell(done: Promotion) -> None:
    """What was written, what was tried, and what was left out."""
    print_line(f"{done.module} is written. A process of its own imported it and drew its pipelines:")
    for name, drawn in done.pipelines.items():
        print_line(f"  {name}: {drawn}")
    if done.test is None:
        print_line("Its test is there already and stays as it is.")
    else:
        print_line(f"{done.test} is written: python -m pytest {done.test}")
    for heading, lines in (
        ("Left out, because it only explores", [f"{place}: {text}" for place, text in done.left_out]),
        ("Imports that only this needed", done.dropped_imports),
        ("Notes", done.notes),
    ):
        if lines:
            print_heading(heading)
        for line in lines:
            print_line(f"  {line}")
