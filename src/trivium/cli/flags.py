"""The flags that every command has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: stable keys, no colour, no wrapping.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest ones.")]
Html = Annotated[
    Path | None, typer.Option("--html", help="Draw it into this file instead: one HTML page that needs no network.")
]
Because = Annotated[str, typer.Option("--because", help="The reason, in a sentence; it goes on record.")]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="EXECUTOR", help="Where the tasks run: `local`, `inline`, `ray`, `ray://host:10001`."),
]


@dataclass(frozen=True)
class Flags:
    """What was said before the noun: where the project is, and who acts."""

    root: Path | None = None
    actor: str | None = None


OnlyStale = Annotated[bool, typer.Option("--stale", help="Only those whose inputs have newer versions.")]
