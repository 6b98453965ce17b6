"""A real store in a temporary folder, and modules written as a user would write them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from trivium.pipelines.registry import import_file
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store, connect
from trivium.values.alerts import Alert
from trivium.values.tables import Commit, TableSpec

Module = Callable[..., ModuleType]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Module]:
    """Writes source text to a file of its own and imports it; the modules are forgotten after the test."""
    known, path = set(sys.modules), list(sys.path)
    count = iter(range(1000))

    def make(source: str, name: str | None = None, folder: str | None = None) -> ModuleType:
        place = tmp_path / (folder or f"folder{next(count)}")
        place.mkdir(exist_ok=True)
        file = place / f"{name or 'user_module_' + str(next(count))}.py"
        file.write_text(textwrap.dedent(source))
        return import_file(file, tmp_path)

    yield make
    for each in set(sys.modules) - known:
        if str(getattr(sys.modules[each], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[each]
    sys.path[:] = path


class Declared:
    """What a pipeline needs of a declared table: its name and declaration."""

    def __init__(self, name: str) -> None:
        self.spec = TableSpec(name)
        self.name = name

    def __repr__(self) -> str:
        return f"Declared({self.name!r})"


Publish = Callable[..., Commit]


@pytest.fixture
def flights() -> Declared:
    """A declared table without rows."""
    return Declared("flights")


@pytest.fixture
def publish(store: Store) -> Publish:
    """Publishes rows as the next version of a table, with blocking alerts of these columns when asked."""

    def make(table: Declared, rows: pl.DataFrame, *, alerts: Sequence[str] = ()) -> Commit:
        store.catalog.tables.declare(table.spec, actor="ada")
        commit = Commit(
            id=store.ids(), table=table.name, version=None, state="valid", operation="append", partitions=("all",),
            rows=rows.height, columns=(), added=(store.lake.write(table.name, "all", rows),), removed=(),
            idempotency_key=None, actor="ada", run=None, committed_at=store.clock(),
        )  # fmt: skip
        published = store.catalog.tables.publish(Draft(commit, None, (), ()), actor="ada")
        opened = [
            Alert(
                id=store.ids(), table=table.name, column=column, partition="all", check="c", kind="rule",
                severity="block", state="open", message=f"{column} is odd", evidence={}, commit=published.id,
                opened_at=store.clock(),
            )
            for column in alerts
        ]  # fmt: skip
        store.catalog.alerts.record(opened, resolved=(), because="", actor="ada")
        return published

    return make
