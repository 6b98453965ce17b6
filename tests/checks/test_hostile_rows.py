"""Whatever the rows hold, a judgement comes back, without warnings, and survives JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl
import pytest

from trivium.checks.alert import raise_alerts
from trivium.checks.judge import judge
from trivium.checks.partition import Partition
from trivium.ids import new_id
from trivium.values.alerts import Alert, Judgement
from trivium.values.tables import TableSpec

NOW = datetime(2024, 5, 1, tzinfo=UTC)
SPEC = TableSpec("t")
HOSTILE = [0.0, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 5e-324, None, 1.0, -1.0]


def hostile_day(number: int) -> Partition:
    rng = np.random.default_rng(number)
    rows = int(rng.choice([0, 1, 2, 50]))
    picked = [[HOSTILE[i] for i in rng.integers(0, len(HOSTILE), rows)] for _ in range(2)]
    words = [["", "a", "É", " x ", "12", None][i] for i in rng.integers(0, 6, rows)]
    columns = {
        "x": pl.Series(picked[0], dtype=pl.Float64),
        "y": pl.Series(picked[1] if number % 3 else [None] * rows, dtype=pl.Float64),
        "word": pl.Series(words, dtype=pl.String),
        "flag": pl.Series([bool(i % 2) for i in range(rows)], dtype=pl.Boolean),
        "many": pl.Series([[1, 2]] * rows, dtype=pl.List(pl.Int64)),
        "at": pl.Series([datetime(1, 1, 1) if i % 2 else datetime(9999, 1, 1) for i in range(rows)], dtype=pl.Datetime),  # noqa: DTZ001
    }
    return Partition(f"2024-{1 + number // 28:02}-{1 + number % 28:02}", pl.DataFrame(columns))


@pytest.mark.parametrize("start", [0, 100, 200])
def test_hostile_rows_are_judged(start: int) -> None:
    judgements = judge(SPEC, [hostile_day(start + number) for number in range(30)], [], now=NOW)
    alerts = raise_alerts(SPEC, judgements, commit="c", now=NOW, ids=new_id)
    assert len(judgements) == 30
    assert msgspec.json.decode(msgspec.json.encode(judgements), type=tuple[Judgement, ...])
    assert len(msgspec.json.decode(msgspec.json.encode(alerts), type=list[Alert])) == len(alerts)


def test_columns_come_and_go_while_history_grows() -> None:
    def day(number: int) -> Partition:
        columns = {f"c{k}": range(20) for k in range(number % 5 + 1)}
        return Partition(f"2024-03-{number:02}", pl.DataFrame(columns))

    spec = TableSpec("t", watch="warn")
    states = [judgement.state for judgement in judge(spec, [day(n) for n in range(1, 29)], [], now=NOW)]
    assert states[4] == "flagged"
    assert "quarantined" not in states


def test_partitions_of_an_hour_have_the_season_of_a_day() -> None:
    def hour(number: int, factor: float = 1.0) -> Partition:
        rng = np.random.default_rng(number)
        level = 10 + 8 * np.sin(number % 24 / 24 * 2 * np.pi)
        name = f"2024-03-{1 + number // 24:02}T{number % 24:02}"
        return Partition(name, pl.DataFrame({"x": factor * (level + rng.normal(0, 0.3, 60))}))

    judgements = judge(SPEC, [hour(n) for n in range(24 * 7)], [], now=NOW)
    alarmed = [judgement.partition for judgement in judgements[72:] if judgement.state != "valid"]
    assert len(alarmed) <= 2
    broken = [*(hour(n) for n in range(24 * 7)), hour(24 * 7, 3.0)]
    assert judge(SPEC, broken, [], now=NOW)[-1].state == "quarantined"
