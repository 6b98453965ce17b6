"""The user's side of the story: the example's files, in a project that names them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trivium.errors import NotFound
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.registry import find_pipeline, list_declared
from trivium.serving.endpoint import Endpoint
from trivium.settings import PROJECT_FILE, Settings, load_settings
from trivium.tables.table import Table

FILES = ("lateness.py", "mistake.py")


@dataclass(frozen=True)
class Cast:
    """What the example declares."""

    flights: Table
    weather: Table
    planes: Table
    lateness: Pipeline[..., Any]
    mistake: Pipeline[..., Any]
    live: Endpoint


def prepare_project(root: Path, actor: str) -> Settings:
    """The project at `root` names the example's files; a folder that is no project gets a copy of them to edit."""
    settings = load_settings(root, actor=actor)
    if any(Path(path).name == FILES[0] for path in settings.pipelines):
        return settings
    folder = settings.root / "lateness"
    folder.mkdir(exist_ok=True)
    for name in FILES:
        if not (folder / name).exists():
            shutil.copyfile(example_folder() / name, folder / name)
    named = tuple(f"lateness/{name}" for name in FILES)
    project = settings.root / PROJECT_FILE
    if not project.exists():
        listed = ", ".join(f'"{path}"' for path in named)
        project.write_text(f"pipelines = [{listed}]\n", encoding="utf-8")
    return msgspec.structs.replace(settings, pipelines=(*settings.pipelines, *named))


def load_cast(settings: Settings) -> Cast:
    """The example's tables, pipelines and endpoint, imported from the project's files."""
    tables = {table.name: table for table in list_declared(settings, Table)}
    endpoints = {endpoint.spec.name: endpoint for endpoint in list_declared(settings, Endpoint)}
    try:
        return Cast(
            flights=tables["flights"],
            weather=tables["weather"],
            planes=tables["planes"],
            lateness=find_pipeline("lateness", settings),
            mistake=find_pipeline("mistake", settings),
            live=endpoints["lateness"],
        )
    except KeyError as absent:
        raise NotFound(
            f"The example no longer declares {absent}; restore lateness.py, or remove it to get a new copy."
        ) from None


def example_folder() -> Path:
    """Where the example's files are: inside the installed package, or in the repository."""
    packaged = Path(__file__).parent / "lateness"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "examples" / "lateness"
