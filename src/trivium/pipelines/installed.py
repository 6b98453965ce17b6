"""Name and version of every installed distribution, as `importlib.metadata` has them, mostly without loading it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.deferred import Deferred

if TYPE_CHECKING:
    from importlib import metadata
else:
    metadata = Deferred("importlib.metadata")  # it loads all that reads e-mail and archives

NAME = re.compile(r"^Name:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
VERSION = re.compile(r"^Version:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
HEAD = 8192
INFOS = (".dist-info", ".egg-info")


def installed(places: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(name, version) of what is installed in these folders of the import path, in their order."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        yield from map(name_and_version, metadata.distributions(path=list(places)))
        return
    for place in places:
        if Path(place).is_file() or place.lower().endswith(".egg"):  # what is packed is for others to read
            yield from map(name_and_version, metadata.distributions(path=[place]))
            continue
        with suppress(OSError):
            infos = [each for each in os.listdir(place or ".") if each.lower().endswith(INFOS)]  # noqa: PTH208 # see below
            yield from (_in_folder(f"{place or '.'}/{info}") for info in infos)


def name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """What the distribution's metadata says."""
    return distribution.metadata["Name"] or "", distribution.version


def _in_folder(info: str) -> tuple[str, str]:
    """The usual form is found in the first lines, without parsing all of it as e-mail."""
    for file in ("METADATA", "PKG-INFO"):
        with suppress(OSError), open(f"{info}/{file}", encoding="utf-8") as text:  # noqa: PTH123 # a Path takes longer
            head = text.read(HEAD).partition("\n\n")[0]
            name, version = NAME.search(head), VERSION.search(head)
            if name and version:
                return name[1], version[1]
            if head:
                break
    return name_and_version(metadata.Distribution.at(info))
