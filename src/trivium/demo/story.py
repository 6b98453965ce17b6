"""The whole life of one model, told on real flights. Every figure that is printed is read back from the catalog."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import msgspec
from rich.console import Console

from trivium.demo.calendar import LONGEST, Calendar
from trivium.demo.ending import tell_ending
from trivium.demo.history import tell_history
from trivium.demo.narrator import Narrator
from trivium.demo.project import load_cast, prepare_project
from trivium.demo.release import tell_release
from trivium.demo.september import tell_september
from trivium.demo.stage import AUTHOR, Stage
from trivium.demo.training import tell_training
from trivium.demo.upstream import Upstream, data_folder
from trivium.store.store import open_store, use_store
from trivium.tables.quarantine import QuarantinedData
from trivium.tables.read import FlaggedData


def tell(*, root: Path | None = None, days: int = LONGEST, console: Console | None = None) -> None:
    """The story is told in the project at `root` (default: around the working folder), to its end.

    days: how many days of September arrive, 14 to 30. Killed at any moment and told again, it goes on where it stopped
    and ends the same.
    """
    # On a busy machine, threads that wait by spinning make training many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    calendar = Calendar(days)
    upstream = Upstream(data_folder())
    settings = prepare_project(root or Path.cwd(), AUTHOR)
    store = open_store(settings)
    narrator = Narrator(console or Console())
    with use_store(store), warnings.catch_warnings():
        warnings.simplefilter("ignore", FlaggedData)  # the narration shows the alerts themselves
        warnings.simplefilter("ignore", QuarantinedData)  # and what is kept aside
        stage = Stage(store, upstream, calendar, narrator, load_cast(settings))
        try:
            tell_chapters(stage)
        finally:
            stage.cast.live.stop(store=store)
            store.close()


def tell_chapters(stage: Stage) -> None:
    """All seven chapters."""
    stage.narrator.say(f"Will a flight land late? Everything is kept in [b]{stage.store.settings.state}[/].")
    if stage.store.catalog.tables.find_version(stage.cast.flights.name) is not None:
        stage.narrator.say("The story was begun here before: what is there stays, and it goes on where it stopped.")
    tell_history(stage)
    tell_training(stage)
    tell_release(stage)
    wait_for_new_data(stage)
    tell_september(stage)
    tell_ending(stage)


def wait_for_new_data(stage: Stage) -> None:
    """The trigger of the example is on; in a shortened story it waits for fewer days."""
    waits = f"{stage.calendar.retrain_after}d"
    for declared in stage.cast.lateness.triggers:
        spec = stage.store.catalog.triggers.declare(msgspec.structs.replace(declared, every=waits), actor=AUTHOR)
        event = f"{spec.event} of {spec.subject}"
        stage.narrator.say(f"Trigger on: {event}, after {waits} of new data → run {spec.target}.")
