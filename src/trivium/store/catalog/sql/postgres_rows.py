"""The rows of PostgreSQL, read the same way as those of SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class PostgresRow:
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


class PostgresRows:
    """Implements `Result`: all rows, already here."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        places = {name: place for place, name in enumerate(names)}
        self._rows = iter([PostgresRow(places, values) for values in rows])

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


def to_number(text: str) -> int | float:
    """A NUMERIC, which is what PostgreSQL sums integers to."""
    return int(text) if text.lstrip("-").isdigit() else float(text)
