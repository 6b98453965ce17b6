"""A column that tells the date moves with the calendar, and with nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.history import History
from trivium.checks.learned import judge_learned
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.values.alerts import CheckResult

FIRST = date(2023, 12, 1)


def make_day(number: int, **columns: pl.Expr) -> Partition:
    """A day of 200 rows, one in eight of them from the day before, as where days begin in another time zone."""
    rng, day = np.random.default_rng(number), FIRST + timedelta(days=number)
    told = pl.Series("at", [day - timedelta(days=1)] * 25 + [day] * 175)
    rows = pl.DataFrame({"x": rng.normal(0, 1, 200), "at": told}).with_columns(
        year=pl.col("at").dt.year(), month=pl.col("at").dt.month(), day=pl.col("at").dt.day(),
        week=pl.col("at").dt.week(), weekday=pl.col("at").dt.weekday(), level=pl.lit(7),
    )  # fmt: skip
    return Partition(day.isoformat(), rows.drop("at").with_columns(**columns))


def failed(number: int, **columns: pl.Expr) -> dict[str | None, CheckResult]:
    """What alarms on a day when all days before it are known."""
    history = History.of_profiles(profile_partition("t", make_day(each)) for each in range(number))
    found = judge_learned(profile_partition("t", make_day(number, **columns)), history, watch="block")
    return {each.column: each for each in found if not each.passed}


@pytest.mark.parametrize("number", [3, 4, 31, 38, 62])
def test_a_new_year_month_and_week_alarm_nowhere(number: int) -> None:
    assert failed(number) == {}


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("month", pl.lit(6)), ("day", pl.lit(20)), ("level", pl.lit(1)), ("month", pl.lit(None, dtype=pl.Int8))],
)
def test_what_the_calendar_does_not_say_alarms_on_the_first_of_a_month(column: str, wrong: pl.Expr) -> None:
    assert set(failed(31, **{column: wrong})) == {column}
