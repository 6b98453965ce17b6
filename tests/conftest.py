"""Real small stores: one as a user opens it, one whose clock and ids a test can predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from tests.object_store import KEYS, ObjectStore, serve_objects
from tests.postgres import fresh_schema, running_server

from trivium.settings import load_settings
from trivium.store.store import Store, connect, open_store, use_store

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What Trivium keeps for a user (keys, checkpoints) is kept apart from that of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp("own")))
        patch.setenv("TRIVIUM_EXECUTOR", "inline")  # tests look into what their tasks do; those about processes say so
        yield


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store of a new project, acting as ada."""
    with connect(tmp_path, actor="ada") as opened:
        yield opened


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """A clock that reads 2024-01-01 00:00:01 UTC first and goes on by a second with each look."""
    seconds = count(1)
    return lambda: START + timedelta(seconds=next(seconds))


@pytest.fixture
def fixed_store(tmp_path: Path, clock: Callable[[], datetime]) -> Iterator[Store]:
    """The same with the predictable clock, and ids that count up."""
    numbers = count(1)
    settings = load_settings(
        tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada", durability="fast", executor="inline"
    )
    opened = open_store(settings, clock=clock, ids=lambda: f"{next(numbers):026d}")
    with use_store(opened):
        yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL server, started when a test first needs it and ended with the tests."""
    with running_server("fsync=off") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a catalog that does not exist yet, in a schema of its own on a real PostgreSQL server."""
    with fresh_schema(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A real S3 server, started at its first use and ended with the tests."""
    with serve_objects() as server:
        yield server


@pytest.fixture
def s3_url(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the setting `storage` says about a fresh bucket; the keys are in the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return object_store.new_bucket()
