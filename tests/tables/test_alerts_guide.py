"""The guide to what follows a failed check: its code runs, and its commands are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trivium.store.store import Store

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "alerts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.mark.filterwarnings("ignore::trivium.tables.read.FlaggedData")
def test_the_code_of_the_guide_runs_in_its_order(store: Store) -> None:
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(block, names)
    (released,) = store.catalog.events.list_events(kind="table.released")
    assert released.detail["because"] == "refunds are negative"
