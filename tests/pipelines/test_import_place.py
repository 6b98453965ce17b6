"""Where a file is imported from, found out without loading anything."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from trivium.pipelines.import_place import imported_names
from trivium.pipelines.registry import import_file


@pytest.fixture
def lazy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that loads itself when any attribute of it is asked for."""
    file = tmp_path / "lazy_one.py"
    file.write_text("raise RuntimeError('it was loaded')")
    spec = importlib.util.spec_from_file_location("lazy_one", file)
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy_one", made)
    loader.exec_module(made)
    return str(file)


def test_looking_for_what_is_imported_loads_nothing(lazy: str) -> None:
    assert imported_names()[lazy] == "lazy_one"


def test_importing_a_file_loads_nothing_else(lazy: str, tmp_path: Path) -> None:
    (tmp_path / "other_one.py").write_text("here = True")
    assert import_file(tmp_path / "other_one.py", tmp_path).here


def test_a_module_that_imports_others_when_it_is_asked_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asking(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(f"asked for {name}")

    monkeypatch.setitem(sys.modules, "asking", Asking("asking"))
    assert "asking" not in imported_names().values()


def test_what_only_says_that_it_is_a_module_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class Saying:
        __class__ = ModuleType  # type: ignore[assignment] # as cffi's compiled modules do

    monkeypatch.setitem(sys.modules, "saying", Saying())
    assert "saying" not in imported_names().values()
