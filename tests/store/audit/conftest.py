"""A project with a log, checkpoints kept apart from it, and somebody with an SQLite shell."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trivium.settings import load_settings
from trivium.store.audit.verify import verify_audit
from trivium.store.catalog.sql.chain import FIRST, event_hash
from trivium.store.store import Store, open_store
from trivium.values.audit import Fault

NAMES = ("seq", "at", "actor", "kind", "subject", "detail", "hash")


@dataclass
class Watch:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2024, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True)
class Shell:
    """The catalog's file, as somebody with an SQLite shell has it, who knows how hashes are made."""

    database: sqlite3.Connection

    def run(self, statement: str, *values: object) -> None:
        self.database.execute(statement, values)

    def rows(self) -> list[dict[str, object]]:
        found = self.database.execute(f"SELECT {', '.join(NAMES)} FROM events ORDER BY seq")
        return [dict(zip(NAMES, row, strict=True)) for row in found]

    def write(self, rows: list[dict[str, object]]) -> None:
        """These rows, and no others, are the log."""
        self.run("DELETE FROM events")
        for row in rows:
            self.run(f"INSERT INTO events ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())

    def hash_anew(self) -> None:
        """Every number and hash is right again, whatever the rows are."""
        before, rows = FIRST, self.rows()
        for number, row in enumerate(rows, 1):
            row["seq"] = number
            row["hash"] = before = event_hash(before, row)
        self.write(rows)


@pytest.fixture
def watch() -> Watch:
    """The time of the project."""
    return Watch()


@pytest.fixture
def open_project(tmp_path: Path, watch: Watch) -> Iterator[Callable[..., Store]]:
    """Opens a project in a folder beside `apart`, where its checkpoints are, and `key`, which signs them."""
    opened: list[Store] = []

    def open_one(folder: str = "project", **settings: str) -> Store:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        flags = {"checkpoints": str(tmp_path / "apart"), "audit_key": str(tmp_path / "key"), "actor": "ada", **settings}
        found = load_settings(root, environ={"TRIVIUM_ROOT": str(root)}, durability="fast", **flags)
        opened.append(open_store(found, clock=watch))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def project(open_project: Callable[..., Store]) -> Store:
    """A project with eight events."""
    store = open_project()
    add_events(store, 8)
    return store


@pytest.fixture
def shell(project: Store) -> Iterator[Shell]:
    """Somebody at its catalog."""
    connection = sqlite3.connect(project.settings.state / "catalog.db", isolation_level=None)
    yield Shell(connection)
    connection.close()


def add_events(store: Store, count: int) -> None:
    """Some more events."""
    for number in range(count):
        store.catalog.events.append("drill.made", f"model-{number + 1}", {"number": number}, actor="ada")


def faults(store: Store, *keys: Path) -> tuple[Fault, ...]:
    """What an examination finds."""
    return verify_audit(store, public_keys=keys).problems


def kinds(store: Store, *keys: Path) -> list[str]:
    """The kinds of what it finds, each once."""
    return sorted({fault.kind for fault in faults(store, *keys)})


def the_file(store: Store) -> Path:
    """The one file with checkpoints of a project."""
    (path,) = Path(store.settings.checkpoints).glob(f"{store.catalog.audit.find_project_id()}/*.jsonl")
    return path
