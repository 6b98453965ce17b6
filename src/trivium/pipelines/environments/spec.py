"""Declaring the environment of a task: `@tv.task(env=tv.env("torch>=2", python="3.12"))`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from trivium.errors import Misuse, NotFound
from trivium.settings import Settings
from trivium.values.environments import EnvironmentSpec

OLDEST = (3, 11)
REQUIREMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[\w\s,.-]*\])?\s*(?:[(<>=!~;].*)?")
PYTHON = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


def env(
    *requirements: str, python: str | None = None, lock: str | Path | None = None, image: str | None = None
) -> EnvironmentSpec:
    """An environment for `@tv.task(env=...)`, with the packages of these requirements and what Trivium needs.

    requirements: as in a requirements file: "torch>=2". python: "3.12"; default: this one's. lock: instead of
    requirements, the path of a file that `uv pip compile --generate-hashes` wrote. image: the name of a container image
    for executors on clusters, which is part of the cache key and not used on this machine.

    Raises Misuse for what cannot be meant, and for URLs: where packages come from is told to uv, and not recorded.
    """
    return checked(EnvironmentSpec(tuple(requirements), python or "", str(lock or ""), image or ""), "tv.env(...)")


def checked(spec: EnvironmentSpec, where: str) -> EnvironmentSpec:
    """The specification, when it can be meant. Raises Misuse beginning with `where`."""
    if not (spec.requirements or spec.python or spec.lock or spec.image):
        raise Misuse(f'{where} asks for nothing; give requirements, such as tv.env("torch>=2"), a python or a lock.')
    if spec.requirements and spec.lock:
        raise Misuse(f"{where} has requirements and a lock; the lock says it all, so give one of them.")
    for each in spec.requirements:
        _check_requirement(each, where)
    version = PYTHON.fullmatch(spec.python)
    if spec.python and version is None:
        raise Misuse(f'{where}: python={spec.python!r} is no version of Python; write "3.12" or "3.12.4".')
    if version is not None and (int(version[1]), int(version[2])) < OLDEST:
        raise Misuse(f"{where}: Trivium runs in Python {'.'.join(map(str, OLDEST))} or later, not in {spec.python}.")
    return spec


def find_spec(asked: EnvironmentSpec | str, settings: Settings) -> EnvironmentSpec:
    """The specification; a text names one of the project's settings. Raises NotFound for an unknown name."""
    if isinstance(asked, EnvironmentSpec):
        return asked
    if asked not in settings.env:
        known = ", ".join(sorted(settings.env)) or "none"
        raise NotFound(
            f"There is no environment {asked!r}; the project's settings have: {known}. Add to "
            f'{settings.root}/trivium.toml: [env.{asked}] with `requirements = ["..."]`, or write env=tv.env("...").'
        )
    return checked(settings.env[asked], f"[env.{asked}] of the project's settings")


def with_lock_path(spec: EnvironmentSpec, root: Path) -> EnvironmentSpec:
    """The same with the full path of its lock."""
    return replace(spec, lock=str(root / spec.lock)) if spec.lock else spec


def _check_requirement(text: Any, where: str) -> None:
    if not isinstance(text, str) or REQUIREMENT.fullmatch(text.strip()) is None or "://" in text:
        shown = text.partition("@")[0].strip() if isinstance(text, str) else repr(text)
        raise Misuse(
            f'{where}: {shown!r} is no requirement by name; write "torch>=2". Where packages come from is told to uv '
            "(UV_INDEX, UV_FIND_LINKS, uv.toml), so that no address and no password is recorded."
        )
