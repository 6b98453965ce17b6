from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from trivium.checks.backtest import backtest
from trivium.checks.faults import FAULTS, fits, pick_rows
from trivium.checks.partition import Partition
from trivium.values.tables import TableSpec

NOW = datetime(2024, 2, 11, 6, tzinfo=UTC)
RIDES = TableSpec("rides", key=("ride",), time="at")


def test_quiet_days_raise_few_alarms_and_blatant_faults_are_caught(days: list[Partition]) -> None:
    found = backtest(RIDES, days, now=NOW, warm_up=20, trials=6)
    assert found.judged == 21
    assert found.per_100.get("", 0.0) <= 5
    assert found.blocked_per_100 == 0
    assert (found.recall(severity="blatant") or 0) >= 0.9


def test_the_same_seed_gives_the_same_backtest(days: list[Partition]) -> None:
    one, two = (backtest(RIDES, days[:24], now=NOW, trials=3, seed=5) for _ in range(2))
    assert one == two


def test_a_table_with_too_little_history_is_not_judged(days: list[Partition]) -> None:
    found = backtest(RIDES, days[:3], now=NOW)
    assert (found.judged, found.trials, found.recall()) == (0, (), None)


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_changes_the_rows(kind: str, days: list[Partition]) -> None:
    fault, needs = FAULTS[kind]
    rows, rng = days[0].rows, np.random.default_rng(1)
    column = next(name for name, dtype in rows.schema.items() if name != "ride" and fits(dtype, needs))
    assert not fault(rows, column, pick_rows(rows.height, 0.5, rng), rng).equals(rows)
