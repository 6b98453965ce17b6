"""What the guide on training shows is what happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from trivium.pipelines.results import load_result
from trivium.store.store import connect

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "training.md").read_text()
TRAIN, FROM_TABLE = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_examples_of_the_guide_run_in_workers_and_as_functions(
    module: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    with connect(tmp_path / "project", actor="ada", durability="fast") as store:
        user = module(TRAIN + "\n" + FROM_TABLE + "\n@tv.pipeline\ndef delays():\n    return mean_delay(flights)\n")
        run = user.fit.run(store=store, count=10)
        assert load_result(store, run.id) == [2.0, 1.0, 2 / 3]  # the first worker has 0 to 4
        assert user.train(pl.LazyFrame({"x": range(10)}), 1) == [4.5]
        user.flights.append(pl.DataFrame({"id": range(10), "delay": [1.5] * 10}))
        assert load_result(store, user.delays.run(store=store).id) == 1.5
