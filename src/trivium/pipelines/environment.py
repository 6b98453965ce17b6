"""What code runs in: Python and every installed distribution."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

from trivium.digest import digest_of
from trivium.values.runs import Environment


@cache
def current_environment() -> Environment:
    """This process's environment. Its digest covers Python and the packages, not the machine."""
    packages = {
        name.lower().replace("_", "-"): distribution.version
        for distribution in metadata.distributions()
        if (name := distribution.metadata["Name"])
    }
    return make_environment(platform.python_version(), packages, f"{platform.system()} {platform.machine()}")


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
