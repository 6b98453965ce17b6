"""What code runs in: Python and every installed distribution."""

from __future__ import annotations

import platform
import sys
from functools import cache
from pathlib import Path

from trivium.digest import digest_of
from trivium.pipelines.installed import installed
from trivium.values.runs import Environment


@cache
def current_environment() -> Environment:
    """This process's environment. Its digest covers Python and the packages, not the machine."""
    places = [place for place in sys.path if not is_vendored(place)]
    packages = {name.lower().replace("_", "-"): version for name, version in installed(places) if name}
    return make_environment(platform.python_version(), packages, f"{platform.system()} {platform.machine()}")


def is_vendored(place: str) -> bool:
    """Whether a folder of `sys.path` is part of an installed package, which has put copies of others' packages there
    for itself, as Ray does when it is imported."""
    return any((folder / "__init__.py").is_file() for folder in Path(place or ".").resolve().parents)


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
