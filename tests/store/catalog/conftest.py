"""Where catalogs can be: in a file, and in a schema of a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import fresh_schema

from trivium.clock import system_clock
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.migration import Step
from trivium.store.catalog.sql.session_opener import session_opener


def sqlite_place(request: pytest.FixtureRequest) -> Path:
    """A file of this test."""
    folder: Path = request.getfixturevalue("tmp_path")
    return folder / "catalog.db"


def postgres_place(request: pytest.FixtureRequest) -> str:
    """A schema of this test."""
    url: str = request.getfixturevalue("postgres_url")
    return url


PLACES: dict[str, Callable[[pytest.FixtureRequest], Path | str]] = {"postgres": postgres_place, "sqlite": sqlite_place}


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest) -> Path | str:
    """Where a catalog can be made."""
    return PLACES[request.param](request)


@pytest.fixture
def another_place(place: Path | str, request: pytest.FixtureRequest) -> Iterator[Path | str]:
    """A second place of the same kind."""
    if isinstance(place, Path):
        yield place.with_name("another.db")
    else:
        with fresh_schema(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def opened(place: Path | str) -> Iterator[Callable[..., Database]]:
    """Opens databases in one place and closes them in the end."""
    databases: list[Database] = []

    def open_one(
        clock: Callable[[], datetime] = system_clock, steps: Sequence[Step] | None = None, **more: Any
    ) -> Database:
        connect = session_opener(place, **{"durability": "fast", "patience": 60.0, **more})
        databases.append(Database(connect, clock=clock, steps=steps))
        return databases[-1]

    yield open_one
    for database in databases:
        database.close()
