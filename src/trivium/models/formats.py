"""How weights become bytes: formats by name, each loaded on first use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from trivium.errors import MissingExtra, Misuse

HOMES = {"skops": "trivium.models.format_skops", "pickle": "trivium.models.format_pickle"}
UNSAFE = frozenset({"pickle"})


class Format(Protocol):
    """A module with these two functions is a format."""

    def dump(self, estimator: Any) -> dict[str, bytes]:
        """The files of the estimator: the same estimator always gives the same bytes."""

    def load(self, files: Mapping[str, bytes]) -> Any:
        """The estimator of these files."""


def find_format(name: str) -> Format:
    """The format of this name. Raises Misuse when unknown, MissingExtra when its package is not installed."""
    if name not in HOMES:
        raise Misuse(f"There is no model format {name!r}; known: {', '.join(sorted(HOMES))}.")
    try:
        return cast(Format, import_module(HOMES[name]))
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"The model format {name!r} needs the package {error.name!r}: install `trivium[sklearn]`."
        ) from None
