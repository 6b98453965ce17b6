"""The guide to checks: its code runs, and it leaves no kind out."""

from __future__ import annotations

import re
from pathlib import Path

from trivium.checks import kinds

GUIDE = (Path(__file__).parents[3] / "docs" / "guide" / "checks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_code_of_the_guide_runs_in_its_order() -> None:
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(block, names)
    assert {"customers", "orders", "refunds_add_up"} <= set(names)


def test_every_kind_has_an_example() -> None:
    code = "".join(BLOCKS)
    assert [kind for kind in kinds.__all__ if f"tv.{kind}(" not in code] == []
