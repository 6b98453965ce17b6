"""The manifest of a packaged model: everything about it but the weights, which it names by digest."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any, Literal

from msgspec import Struct

from trivium.digest import digest_of

TargetKind = Literal["binary", "regression"]
MATTERING = ("numpy", "polars", "scikit-learn", "scipy", "skops")


class Field(Struct, frozen=True):
    """One input column as the training rows had it.

    low, high: the range (numbers, or ISO text for times). categories: the values of a text column with at most 200
    of them, sorted. nulls: share of missing values, 0 to 1.
    """

    name: str
    type: str
    low: float | str | None = None
    high: float | str | None = None
    categories: tuple[str, ...] | None = None
    nulls: float = 0.0


class Derived(Struct, frozen=True):
    """A column that the model derives from others: an SQL expression, evaluated in order."""

    name: str
    expression: str


class WeightFile(Struct, frozen=True):
    """A file of weights, stored as the blob with this digest."""

    name: str
    digest: str
    bytes: int


class Manifest(Struct, frozen=True):
    """A model without its weights. The digest of its canonical JSON is the model's artifact digest.

    positive: the class whose probability is predicted (binary models). unsafe: loading runs code (pickle).
    examples, expected: up to five input rows and the model's answers to them.
    """

    target: TargetKind
    estimator: str
    fields: tuple[Field, ...]
    derived: tuple[Derived, ...]
    positive: bool | int | float | str | None
    format: str
    unsafe: bool
    python: str
    packages: dict[str, str]
    examples: tuple[dict[str, Any], ...]
    expected: tuple[float, ...]
    files: tuple[WeightFile, ...] = ()
    layout: int = 1

    @property
    def environment(self) -> str:
        """Digest of the Python and packages that the weights were written with."""
        return digest_of("model-environment", [self.python, sorted(self.packages.items())])


def mattering_packages() -> dict[str, str]:
    """Versions of the installed packages that can change what a model answers."""
    installed = {}
    for name in MATTERING:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def python_version() -> str:
    """Python's version, such as "3.12.3"."""
    return platform.python_version()
