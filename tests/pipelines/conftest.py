"""A real store in a temporary folder, and modules written as a user would write them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trivium.checks.kinds import rule
from trivium.deferred import Deferred
from trivium.pipelines.registry import import_file
from trivium.store.store import Store, connect
from trivium.tables.table import Table

RAY = Deferred("trivium.pipelines.executors.ray_cluster")
Module = Callable[..., ModuleType]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The same, but tasks have processes of their own."""
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


@pytest.fixture(scope="session")
def one_ray() -> Iterator[None]:
    """Gone after all tests; the first that needs it starts it, as `trivium run --on ray` does where there is none."""
    yield
    RAY.leave_ray()


@pytest.fixture
def own_ray(one_ray: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that run on Ray share one."""
    monkeypatch.setenv("RAY_ADDRESS", "local")


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


@pytest.fixture
def flights() -> Table:
    """A declared table without rows, and without learned expectations, which need more of them."""
    return Table("flights", checks=[rule("a > 0")], watch="off")
