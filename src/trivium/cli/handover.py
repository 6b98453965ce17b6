"""`trivium handover`: everything that the next owner of a model must know, written from the facts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trivium.cli.group import single_app
from trivium.cli.listing import print_line
from trivium.cli.project import open_project
from trivium.models.handover import write_handover


def handover(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The model.")],
    output: Annotated[Path | None, typer.Option("--output", help="Write it to this file instead.")] = None,
) -> None:
    """Write the handover of a model as Markdown: purpose, data, training, release, serving, and what is open."""
    document = write_handover(open_project(context), model)
    if output is None:
        typer.echo(document, nl=False)
        return
    output.write_text(document, encoding="utf-8")
    print_line(f"{output} is written: {len(document.splitlines())} lines.")


app = single_app(handover)
