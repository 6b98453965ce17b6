"""Rows that are here already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class NamedRow:
    """Values by number or name, in order; `dict(row)` has the names."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, which: int | str) -> Any:
        return self._values[which if isinstance(which, int) else self._places[which]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """The names, in order."""
        return list(self._places)


class Fetched:
    """Implements `Result`."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


def name_values(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Fetched:
    """Rows whose values have these names."""
    places = {name: place for place, name in enumerate(names)}
    return Fetched([NamedRow(places, values) for values in rows])


def to_number(text: str) -> int | float:
    """A NUMERIC, which is what PostgreSQL sums integers to."""
    return int(text) if text.lstrip("-").isdigit() else float(text)
