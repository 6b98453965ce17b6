"""What the contract and the tests of single executors share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, in which the workers of a task leave notes."""
    made = tmp_path / "said"
    made.mkdir()
    return made
