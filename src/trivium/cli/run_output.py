"""`trivium runs output`: what a task of a run made, shown or written to a file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from trivium.cli.listing import print_line
from trivium.cli.project import open_project
from trivium.errors import Misuse
from trivium.frames import to_frame, write_file
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.signature import is_frame_type

MOST_TOLD = 20


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
            help="Write it here: rows as .parquet, .csv, .jsonl or .arrow, a notebook as .ipynb, files as they are.",
        ),
    ] = None,
) -> None:
    """Show what a task made, or write it to a file; of a notebook that failed, the copy up to the cell that raised."""
    store = open_project(context)
    value = load_result(store, run) if node is None else load_output(store, run, node)
    if to is None:
        print_line(_tell_files(value) if isinstance(value, Path) else str(getattr(value, "text", value)))
        return
    write_output(value, to)
    print_line(f"{to} is written.")


def write_output(value: Any, file: Path) -> None:
    """The value is in the file. Raises Misuse when that is no file for such a value."""
    if isinstance(value, Path):
        _copy_files(value, file)
    elif hasattr(value, "write"):
        value.write(file)
    elif is_frame_type(type(value)):
        write_file(to_frame(value).lazy(), file)
    else:
        raise Misuse(f"Only rows, notebooks and files are written to files; this is a {type(value).__name__}.")


def _tell_files(path: Path) -> str:
    """What is in a file or folder, which is only here for as long as this command goes on."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    names = [each.relative_to(path.parent).as_posix() for each in files[:MOST_TOLD]]
    more = f"\n... and {len(files) - MOST_TOLD:,} more" if len(files) > MOST_TOLD else ""
    listed = "\n".join(f"{name}  {each.stat().st_size:,} bytes" for name, each in zip(names, files, strict=False))
    return f"{listed}{more}\n`--to PATH` writes {'it' if path.is_file() else 'the folder'} there."


def _copy_files(path: Path, to: Path) -> None:
    """The file or folder is there. Raises Misuse when a folder is to be written where something is already, and for a
    place where nothing can be written."""
    if path.is_dir() and to.exists():
        raise Misuse(f"{to} is there already; give --to the path of a folder that is not.")
    try:
        shutil.copyfile(path, to) if path.is_file() else shutil.copytree(path, to)
    except OSError as error:
        raise Misuse(f"{to} cannot be written: {error.strerror or error}.") from None
