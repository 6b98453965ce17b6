from __future__ import annotations

from datetime import UTC, datetime

from trivium.checks.backtest import backtest
from trivium.checks.kinds import rule
from trivium.checks.partition import Partition
from trivium.checks.replay import Replay
from trivium.values.tables import TableSpec

NOW = datetime(2024, 2, 11, 6, tzinfo=UTC)
RIDES = TableSpec("rides", key=("ride",), time="at")


def test_the_same_seed_gives_the_same_backtest(days: list[Partition]) -> None:
    one, two = (backtest(Replay(RIDES, days[:18], NOW), trials=1, seed=5) for _ in range(2))
    assert one == two


def test_another_seed_gives_other_trials(days: list[Partition]) -> None:
    def places(seed: int) -> list[str]:
        found = backtest(Replay(RIDES, days[:24], NOW), faults=["null_spike"], trials=1, seed=seed)
        return [trial.ruling.partition for trial in found.trials]

    assert len({tuple(places(seed)) for seed in range(4)}) > 1


def test_rows_that_a_commit_would_divert_flag_their_day_and_no_more(days: list[Partition]) -> None:
    spec = TableSpec("rides", checks=(rule("distance >= 2", severity="divert"),), watch="off")
    found = [judgement for _, judgement in Replay(spec, days[:5], NOW).walk()]
    assert {judgement.state for judgement in found} == {"flagged"}
    assert all(judgement.profile.rows < day.rows.height for judgement, day in zip(found, days, strict=False))


def test_a_table_with_too_little_history_is_not_judged(days: list[Partition]) -> None:
    found = backtest(Replay(RIDES, days[:3], NOW))
    assert (found.clean, found.trials) == ((), ())
