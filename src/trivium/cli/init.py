"""`trivium init`: a project in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trivium.cli.flags import Flags
from trivium.cli.group import single_app
from trivium.cli.listing import print_line
from trivium.errors import Misuse
from trivium.settings import PROJECT_FILE

CONTENT = """\
# This project's settings; `trivium doctor` shows what is in force.
# pipelines = ["pipeline.py"]    # the files whose pipelines `trivium run NAME` finds
# approvals = 1                  # people other than the author who must approve a model before it is promoted
# durability = "full"            # "fast" may lose the last second of work at a power loss, never at a kill
# store = "postgresql://user@host:5432/database?schema=name"    # a catalog for a team; the password from PGPASSWORD
"""


def init(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="The folder (default: this one); it is made when absent.")
    ] = None,
) -> None:
    """Make a project: a folder with `trivium.toml`. Everything that Trivium keeps will be in `.trivium/` beside it."""
    flags = context.find_object(Flags) or Flags()
    place = folder or flags.root or Path.cwd()
    file = place / PROJECT_FILE
    if file.exists():
        raise Misuse(f"{place} is a project already: it has {PROJECT_FILE}.")
    place.mkdir(parents=True, exist_ok=True)
    file.write_text(CONTENT, encoding="utf-8")
    print_line(f"{file} is written. Next: `trivium tables import NAME FILE`, or name your pipelines' files in it.")


app = single_app(init)
