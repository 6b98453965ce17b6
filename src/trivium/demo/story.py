"""The whole life of one model, told on real flights. Every figure that is printed is read back from the catalog."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
from rich.console import Console

from trivium.demo.calendar import LONGEST, Calendar
from trivium.demo.ending import tell_ending
from trivium.demo.history import tell_history
from trivium.demo.narrator import Narrator
from trivium.demo.project import load_project
from trivium.demo.release import tell_release
from trivium.demo.september import tell_september
from trivium.demo.stage import AUTHOR, Stage
from trivium.demo.training import tell_training
from trivium.demo.upstream import Upstream, data_folder
from trivium.store.store import open_store, use_store
from trivium.triggers.worker import declare_triggers


def tell(*, root: Path | None = None, days: int = LONGEST, console: Console | None = None) -> None:
    """The story is told in the project at `root` (default: around the working folder), to its end.

    Killed at any moment and told again, it goes on where it stopped and ends the same.
    """
    calendar = Calendar(days)
    upstream = Upstream(data_folder())
    settings, cast = load_project(root)
    store = open_store(replace_actor(settings))
    with use_store(store):
        stage = Stage(store=store, upstream=upstream, calendar=calendar, narrator=Narrator(console or Console()), **cast)
        try:
            tell_chapters(stage)
        finally:
            stage.live.stop(store=store)
            store.close()
