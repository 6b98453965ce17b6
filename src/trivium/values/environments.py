"""Environments of single tasks, as they are declared."""

from __future__ import annotations

from msgspec import Struct


class EnvironmentSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a task asks to run in: packages by requirement ("torch>=2") or a lock, a Python, an image for clusters.

    python: "3.12" or "3.12.4"; "" for the version of whoever resolves it. lock: the path of a requirements file that
    has every package with version and hashes, from the project's root unless absolute. image: a container's name.
    """

    requirements: tuple[str, ...] = ()
    python: str = ""
    lock: str = ""
    image: str = ""
