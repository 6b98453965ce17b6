from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from trivium.checks.backtest import plan_trials
from trivium.checks.faults.fault import SEVERITIES
from trivium.checks.history import History
from trivium.checks.kinds.rule import rule
from trivium.checks.partition import Partition
from trivium.checks.replay import Replay
from trivium.checks.trial import Plan, Trial, changed_shares, choose_columns, run_trial
from trivium.values.tables import TableSpec

NOW = datetime(2024, 2, 11, 6, tzinfo=UTC)
RIDES = TableSpec("rides", key=("ride",), time="at")


def attempt(spec: TableSpec, parts: list[Partition], history: History, kind: str, seed: int = 0) -> Trial | None:
    """A blatant fault of this kind in the first of these partitions, and in the next as long as nobody sees it."""
    return run_trial(Replay(spec, parts, NOW), 0, history, Plan(kind, "blatant", (seed,)), patience=3)


def test_a_blatant_fault_is_seen_at_once_at_its_column(days: list[Partition], quiet: History) -> None:
    trial = attempt(RIDES, days[-1:], quiet, "sign_flip")
    assert trial is not None
    assert (trial.columns, trial.caught, trial.broken) == (frozenset({"distance"}), True, 1)
    assert trial.changed >= SEVERITIES["blatant"][0]
    assert "distance" in trial.ruling.columns


def test_lost_rows_are_seen_by_any_alert(days: list[Partition], quiet: History) -> None:
    trial = attempt(RIDES, days[-1:], quiet, "truncation")
    assert trial is not None
    assert (trial.columns, trial.caught) == (frozenset(), True)


def test_keys_and_event_time_are_never_broken(days: list[Partition]) -> None:
    for kind in ("null_spike", "garbling", "time_shift"):
        chosen = choose_columns(RIDES, days[0].rows, Plan(kind, "subtle", (1,)))
        assert not {"ride", "at"} & {name for names in chosen for name in names}


def test_a_trial_that_would_change_nothing_is_none(days: list[Partition], quiet: History) -> None:
    zero = [Partition(day.name, day.rows.with_columns(distance=0.0)) for day in days[-1:]]
    assert attempt(RIDES, zero, quiet, "sign_flip") is None


def test_a_fault_that_no_column_can_have_is_no_trial(days: list[Partition], quiet: History) -> None:
    texts = [Partition(day.name, day.rows.select("ride", "city")) for day in days[-1:]]
    assert attempt(RIDES, texts, quiet, "unit_change") is None


def test_an_empty_partition_is_no_trial(days: list[Partition], quiet: History) -> None:
    assert attempt(RIDES, [Partition("2024-02-10", days[0].rows.clear())], quiet, "null_spike") is None


def test_a_fault_stays_until_it_is_seen_or_patience_ends(days: list[Partition]) -> None:
    unwatched = TableSpec("rides", key=("ride",), time="at", watch="off")
    trial = attempt(unwatched, days, History(), "sign_flip")
    assert trial is not None
    assert (trial.broken, trial.caught_at) == (3, None)


def test_a_fault_that_stays_ends_with_the_past(days: list[Partition]) -> None:
    unwatched = TableSpec("rides", key=("ride",), time="at", watch="off")
    trial = attempt(unwatched, days[:2], History(), "sign_flip")
    assert trial is not None
    assert (trial.broken, trial.caught_at) == (2, None)


@pytest.mark.parametrize("seed", range(3))
def test_declared_checks_see_faults_too_and_refuse_what_they_cannot_read(days: list[Partition], seed: int) -> None:
    strict = TableSpec("rides", key=("ride", "city", "paid"), time="at", watch="off", checks=(rule("distance >= 0"),))
    for kind in ("sign_flip", "column_change"):
        trial = attempt(strict, days, History(), kind, seed)
        assert trial is not None
        assert trial.caught, kind


def test_changes_are_counted_by_column() -> None:
    rows = pl.DataFrame({"a": [1, 2, None, 4], "b": ["x", "y", "z", None], "c": [1.0, 2.0, 3.0, 4.0]})
    broken = rows.with_columns(a=pl.Series([1, None, None, 5]), b=pl.col("b").cast(pl.Categorical))
    assert changed_shares(rows, broken) == {"a": 0.5, "b": 1.0}
    assert changed_shares(rows, rows.drop("b")) == {"b": 1.0}
    assert changed_shares(rows, rows.head(3)) == {"": 0.25}
    assert changed_shares(rows, rows.clone()) == {}


def test_trials_are_spread_over_the_past() -> None:
    plans = plan_trials(100, ["null_spike"], 4, seed=0)
    for severity in SEVERITIES:
        places = sorted(place for place, made in plans.items() for plan in made if plan.severity == severity)
        assert [place // 25 for place in places] == [0, 1, 2, 3]


def test_a_kind_has_the_same_trials_in_any_company() -> None:
    alone, together = (plan_trials(50, kinds, 2, seed=7) for kinds in (["shuffle"], ["null_spike", "shuffle"]))
    of_together = {place: [plan for plan in made if plan.kind == "shuffle"] for place, made in together.items()}
    assert alone == {place: made for place, made in of_together.items() if made}
