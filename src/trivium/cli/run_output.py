"""`trivium runs output`: what a task of a run made, shown or written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from trivium.cli.listing import print_line
from trivium.cli.project import open_project
from trivium.errors import Misuse
from trivium.frames import to_frame, write_file
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.signature import is_frame_type


def show_output(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run's id, or a unique beginning of it.")],
    node: Annotated[str | None, typer.Argument(help="The task (default: what the run returned).")] = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Write it here: rows as .parquet, .csv, .jsonl or .arrow, a notebook as .ipynb.",
        ),
    ] = None,
) -> None:
    """Show what a task made, or write it to a file; of a notebook that failed, the copy up to the cell that raised."""
    store = open_project(context)
    value = load_result(store, run) if node is None else load_output(store, run, node)
    if to is None:
        print_line(str(getattr(value, "text", value)))
        return
    write_output(value, to)
    print_line(f"{to} is written.")


def write_output(value: Any, file: Path) -> None:
    """The value is in the file. Raises Misuse when that is no file for such a value."""
    if hasattr(value, "write"):
        value.write(file)
    elif is_frame_type(type(value)):
        write_file(to_frame(value).lazy(), file)
    else:
        raise Misuse(f"Only rows and notebooks are written to files; this is a {type(value).__name__}.")
