"""Which kind of session a catalog needs; the driver of PostgreSQL is loaded when it is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from trivium.errors import MissingExtra, Misuse
from trivium.store.catalog.sql.postgres_address import SHAPE, is_postgres_url, parse_postgres_url
from trivium.store.catalog.sql.session import Session
from trivium.store.catalog.sql.sqlite_session import SqliteSession


def session_opener(place: Path | str, *, durability: str, patience: float) -> Callable[[], Session]:
    """Opens sessions of the catalog in this SQLite file, or at this URL of a PostgreSQL database.

    durability: "full" or "fast"; what "fast" may lose is told by `SqliteSession` and `PostgresSession`.
    patience: seconds to wait for other writers. Raises Misuse for a URL that names neither.
    """
    if isinstance(place, Path):
        return partial(SqliteSession, place, durability=durability, patience=patience)
    if not is_postgres_url(place):
        raise Misuse(f"The store's address begins with {place.partition('://')[0]!r}; write {SHAPE}.")
    return partial(_postgres().PostgresSession, parse_postgres_url(place), durability=durability, patience=patience)


def _postgres() -> Any:
    try:
        return import_module("trivium.store.catalog.sql.postgres_session")
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"A catalog on PostgreSQL needs the package {str(error.name).partition('.')[0]!r}: "
            "pip install 'trivium[postgres]'."
        ) from None
