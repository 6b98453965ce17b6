from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trivium.checks.backtest import Progress
from trivium.checks.faults.library import EVERY_FAULT, FAULTS, HELD_OUT
from trivium.cli.backtest_view import progress_line
from trivium.cli.table_backtest import fault_kinds
from trivium.errors import Misuse
from trivium.store.store import Store, connect
from trivium.tables.backtest import replay_table
from trivium.tables.table import Table

Terminal = Callable[..., Any]
DAYS, ROWS = 24, 60


@pytest.fixture
def store(terminal: Terminal, tmp_path: Path) -> Iterator[Store]:
    """The project's store with the table `taps`: 24 quiet days, committed at once."""
    terminal("init")
    rng = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "id": np.arange(DAYS * ROWS),
            "at": [datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=24 * n) for n in range(DAYS * ROWS)],
            "litres": rng.normal(50.0, 5.0, DAYS * ROWS).round(1),
            "valve": rng.choice(["Open", "Shut"], DAYS * ROWS),
        }
    )
    with connect(tmp_path, actor="ada", durability="fast") as opened:
        Table("taps", key="id", time="at").append(rows, store=opened)
        yield opened


def test_the_table_tells_how_good_its_alarms_are(terminal: Terminal, store: Store) -> None:
    said = terminal("tables", "backtest", "taps", "--faults", "unit_change,truncation", "--trials", "2").out
    assert "unit_change" in said
    assert "12 partitions of taps: 12 valid, 0 flagged, 0 quarantined, 12 only learned from." in said
    assert "Clean partitions that alarm: 0.0 in 100 (0.0 to 24.2; 0 of 12)." in said
    assert "When one partition in 30 is broken" in said


def test_json_has_every_figure_with_its_interval(terminal: Terminal, store: Store) -> None:
    found = terminal("tables", "backtest", "taps", "--faults", "sign_flip", "--trials", "2", "--json").json
    assert len(found["partitions"]) == found["false_alarms"]["total"] == 12
    blatant = found["by_kind"]["sign_flip"]["blatant"]
    assert blatant["hits"] == blatant["total"] == 2
    assert 0 < blatant["low"] < blatant["share"] == 1.0
    assert {"precision", "column_precision", "column_recall", "best_f1", "caught_within", "missed"} <= found.keys()


def test_the_same_seed_finds_the_same(terminal: Terminal, store: Store) -> None:
    one, two, other = (
        terminal("tables", "backtest", "taps", "--faults", "shuffle", "--seed", seed, "--json").json
        for seed in ("3", "3", "4")
    )
    assert one == two
    assert [each["partition"] for each in one["missed"]] != [each["partition"] for each in other["missed"]]


def test_only_the_newest_partitions_can_be_asked_for(terminal: Terminal, store: Store) -> None:
    found = terminal("tables", "backtest", "taps", "--faults", "none", "--last", "10", "--json").json
    assert [each["partition"] for each in found["partitions"]] == [f"2024-05-{day}" for day in range(20, 25)]


def test_partitions_of_a_table_are_read_by_their_place(store: Store) -> None:
    parts = replay_table(store, "taps").parts
    assert (len(parts), parts[3].name, parts[3].rows.height) == (DAYS, "2024-05-04", ROWS)
    assert [part.name for part in parts] == [parts[place].name for place in range(DAYS)]


def test_a_set_of_faults_stands_for_its_kinds() -> None:
    assert fault_kinds(["common"]) == tuple(FAULTS)
    assert fault_kinds(["rare", "null_spike"]) == (*HELD_OUT, "null_spike")
    assert fault_kinds(["none"]) == ()
    assert set(fault_kinds(["all", "common"])) == set(EVERY_FAULT)
    with pytest.raises(Misuse, match="gremlins"):
        fault_kinds(["null_spike,gremlins"])


def test_progress_tells_what_is_left() -> None:
    line = progress_line(Progress(100, 400, 35), 10.0)
    assert line == "judged 100 of 400 partitions, 35 faults tried, 30 s left"
