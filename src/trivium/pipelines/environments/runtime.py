"""Trivium itself in other environments: what it needs there is locked with the rest, and its code is this one's."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from trivium.code.source import PACKAGE
from trivium.digest import digest_of
from trivium.ids import new_id
from trivium.settings import read_table, user_folder

NAME = "trivium"


@cache
def needs_of_trivium() -> tuple[str, ...]:
    """The requirements of this Trivium, without those of its extras."""
    project = Path(PACKAGE).resolve().parents[1] / "pyproject.toml"
    if project.is_file():  # a checkout, whose metadata is as old as its installation
        declared = read_table(project).get("project", {})
        if declared.get("name") == NAME:
            return tuple(sorted(declared["dependencies"]))
    return tuple(sorted(each for each in metadata.requires(NAME) or () if "extra ==" not in each))


def runtime_folder() -> Path:
    """A folder that holds this Trivium and nothing else, for the import path of another environment."""
    parts = {NAME: Path(PACKAGE).resolve()}
    information = _information()
    if information is not None:
        parts[information.name] = information
    folder = user_folder("cache") / "runtime" / digest_of("runtime", {each: str(at) for each, at in parts.items()})[:32]
    if not folder.is_dir():
        _make(folder, parts)
    return folder


def _information() -> Path | None:
    """The folder of the installed package's metadata."""
    for file in metadata.files(NAME) or ():
        if file.name == "METADATA":
            return Path(str(file.locate())).resolve().parent
    return None


def _make(folder: Path, parts: dict[str, Path]) -> None:
    aside = folder.with_name(f".{folder.name}.{new_id()}")
    aside.mkdir(parents=True)
    for name, place in parts.items():
        (aside / name).symlink_to(place)
    with suppress(OSError):  # another process was faster
        os.rename(aside, folder)  # noqa: PTH104 # never onto a folder that holds something
    shutil.rmtree(aside, ignore_errors=True)
