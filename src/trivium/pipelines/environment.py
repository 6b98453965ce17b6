"""What code runs in: Python and every installed distribution."""

from __future__ import annotations

import platform
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.digest import digest_of
from trivium.values.runs import Environment

if TYPE_CHECKING:
    from importlib import metadata
else:
    metadata = Deferred("importlib.metadata")  # loaded while a worker starts

NAME = re.compile(r"^Name:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
VERSION = re.compile(r"^Version:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


@cache
def current_environment() -> Environment:
    """This process's environment. Its digest covers Python and the packages, not the machine."""
    places = [place for place in sys.path if not is_vendored(place)]
    found = [name_and_version(distribution) for distribution in metadata.distributions(path=places)]
    packages = {name.lower().replace("_", "-"): version for name, version in found if name}
    return make_environment(platform.python_version(), packages, f"{platform.system()} {platform.machine()}")


def is_vendored(place: str) -> bool:
    """Whether a folder of `sys.path` is part of an installed package, which has put copies of others' packages there
    for itself, as Ray does when it is imported."""
    return any((folder / "__init__.py").is_file() for folder in Path(place or ".").resolve().parents)


def name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """What the distribution's metadata says; the usual form of it is found without parsing all of it as e-mail."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    name, version = NAME.search(head), VERSION.search(head)
    if name is None or version is None:
        return distribution.metadata["Name"] or "", distribution.version
    return name[1], version[1]


def make_environment(python: str, packages: dict[str, str], machine: str = "") -> Environment:
    """The environment with its digest."""
    ordered = dict(sorted(packages.items()))
    return Environment(
        digest=digest_of("environment", [python, ordered]), python=python, packages=ordered, platform=machine
    )


def changed_packages(before: Environment, after: Environment) -> dict[str, tuple[str, str]]:
    """{package or "python": (version before, version after)} of all that differ; "absent" where it is not installed."""
    old = {"python": before.python, **before.packages}
    new = {"python": after.python, **after.packages}
    return {
        name: (old.get(name, "absent"), new.get(name, "absent"))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }
