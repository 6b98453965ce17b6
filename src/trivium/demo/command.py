"""`trivium demo`: the story from the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from trivium.cli.flags import Flags
from trivium.cli.group import single_app
from trivium.demo.calendar import LONGEST, SHORTEST
from trivium.demo.story import tell


def demo(
    context: typer.Context,
    days: Annotated[
        int, typer.Option("--days", help=f"How many days of September arrive, {SHORTEST} to {LONGEST}.")
    ] = LONGEST,
) -> None:
    """Tell the whole life of one model, on real flights, in this folder. Told again, it goes on where it stopped."""
    flags = context.find_object(Flags) or Flags()
    tell(root=flags.root, days=days)


app = single_app(demo)
