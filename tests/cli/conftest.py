"""The terminal, called in this process on a real small project."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trivium.cli.main import run_command


class Said(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout as JSON."""
        return json.loads(self.out)


Terminal = Callable[..., Said]

PIPELINE = """
import trivium as tv

@tv.task
def load(count: int) -> list[int]:
    print("loading", count)
    return list(range(count))

@tv.task
def total(numbers: list[int], weight: float) -> float:
    if weight < 0:
        raise ValueError("negative weight")
    tv.log_metric("total", sum(numbers) * weight)
    return sum(numbers) * weight

@tv.pipeline
def sums(count: int = 5, weight: float = 1.0) -> float:
    return total(load(count), weight)
"""


@pytest.fixture
def terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Calls `trivium` in `tmp_path` as ada; `terminal("tables", "list")` gives status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVIUM_ACTOR", "ada")
    monkeypatch.setenv("TRIVIUM_DURABILITY", "fast")
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(*arguments: str) -> Said:
        capfd.readouterr()
        status = run_command(arguments)
        return Said(status, *capfd.readouterr())

    return call


@pytest.fixture
def project(terminal: Terminal, tmp_path: Path) -> Path:
    """A project whose pipeline is `sums`, and whose table `weather` has two versions."""
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "trivium.toml").write_text('pipelines = ["pipeline.py"]\n')
    write_csv(tmp_path / "first.csv", [(1, "2024-01-01T00:00:00", 3.5), (2, "2024-01-02T00:00:00", 4.5)])
    write_csv(tmp_path / "second.csv", [(3, "2024-01-03T00:00:00", 5.5)])
    assert terminal("tables", "import", "weather", "first.csv", "--key", "id", "--time", "at").status == 0
    assert terminal("tables", "import", "weather", "second.csv").status == 0
    return tmp_path


def write_csv(path: Path, rows: Sequence[tuple[int, str, float]]) -> None:
    """A file of weather rows."""
    lines = ["id,at,temp", *(f"{number},{at},{temp}" for number, at, temp in rows)]
    path.write_text("\n".join(lines) + "\n")
