"""What `import trivium as tv` offers, and what it costs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import trivium

HEAVY = (
    "polars",
    "duckdb",
    "numpy",
    "sklearn",
    "pandas",
    "pyarrow",
    "starlette",
    "uvicorn",
    "msgspec",
    "obstore",
    "rich",
    "typer",
)


@pytest.mark.parametrize("name", sorted(trivium.HOMES))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(import_module("trivium"), name)
    assert value.__doc__, f"tv.{name} has no docstring"


def test_type_checkers_see_the_same_names() -> None:
    source = Path(trivium.__file__).read_text(encoding="utf-8")
    seen = {
        name: home for home, name in re.findall(r"^    from (\S+) import \w+ as (\w+)$", source, flags=re.MULTILINE)
    }
    assert seen == trivium.HOMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="tabel"):
        _ = trivium.tabel


def test_importing_trivium_loads_nothing_heavy() -> None:
    script = "import sys, trivium; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & set(HEAVY)
