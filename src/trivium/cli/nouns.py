"""The words after `trivium`, and the module behind each. A module is loaded when its word is used, not before."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import typer


class Noun(NamedTuple):
    """A command or a group of commands: where it is, and what `trivium --help` says of it."""

    module: str
    help: str


NOUNS = {
    "init": Noun("trivium.cli.init", "Make a project in this folder."),
    "demo": Noun("trivium.demo.command", "Tell the whole life of one model, on real flights."),
    "run": Noun("trivium.cli.run", "Run a pipeline of this project."),
    "runs": Noun("trivium.cli.runs", "What ran, on what, and what came out."),
    "pipelines": Noun("trivium.cli.pipelines", "Pipelines that others call by name and version."),
    "tables": Noun("trivium.cli.tables", "Versioned rows, and what the checks say of them."),
    "splits": Noun("trivium.cli.splits", "Validation sets, and how every model did on them."),
    "alerts": Noun("trivium.cli.alerts", "Checks that failed, and what people said of them."),
    "models": Noun("trivium.cli.models", "Model versions, their gates and approvals, and which one is live."),
    "endpoints": Noun("trivium.cli.endpoints", "Models behind doors, and how their traffic is divided."),
    "triggers": Noun("trivium.cli.triggers", "When an event happens, do something."),
    "notebooks": Noun("trivium.cli.notebooks", "From exploring in cells to a module that is tested and run."),
    "lineage": Noun("trivium.cli.lineage", "Where things come from, what they go into, and what a change would reach."),
    "environments": Noun("trivium.cli.environments", "What tasks run in, when they ask for packages of their own."),
    "doctor": Noun("trivium.cli.doctor", "Whether this project can work, and what is in force."),
    "gc": Noun("trivium.cli.gc", "Give back the space of what nothing needs."),
    "handover": Noun("trivium.cli.handover", "Everything that the next owner of a model must know."),
    "audit": Noun("trivium.cli.audit", "Everything that happened, and whether the record is whole."),
}


def load_noun(word: str) -> typer.Typer:
    """The application behind a word of NOUNS: each module names it `app`."""
    app: typer.Typer = import_module(NOUNS[word].module).app
    return app
