"""Pipelines that a team has published for others, by name and version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class PublishedParameter(Struct, frozen=True):
    """A parameter of a published pipeline. kind: its type, as `type_form` writes it. default: as people read it, None
    for one that has to be given."""

    name: str
    kind: dict[str, Any] = {}
    default: str | None = None


class Publication(Struct, frozen=True):
    """One version of a published pipeline: its code, kept whole, and how it is called.

    kept: the digest of the archive of its code. result: the type of what it returns. tables: those that it reads by
    itself; None when that depends on what it is given. run: whose code it is; "" for the project's of that time.
    """

    name: str
    version: int
    kept: str
    parameters: tuple[PublishedParameter, ...]
    result: dict[str, Any]
    tables: tuple[str, ...] | None
    environment: str
    actor: str
    created_at: datetime
    note: str = ""
    run: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"
