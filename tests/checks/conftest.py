"""A small synthetic table: forty quiet days, seeded."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.history import History
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition

START = date(2024, 1, 1)
DAYS = 40


def make_day(number: int, rows: int = 300) -> Partition:
    """One day of rides: a distance, a city, a driver, whether it was paid."""
    rng, day = np.random.default_rng(number), START + timedelta(days=number)
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 # wall time of the data
    return Partition(
        day.isoformat(),
        pl.DataFrame(
            {
                "ride": [f"r{number}-{i}" for i in range(rows)],
                "at": [start + timedelta(seconds=int(s)) for s in np.sort(rng.integers(0, 86_400, rows))],
                "city": rng.choice(["Oslo", "Rome", "Bern"], rows, p=[0.5, 0.3, 0.2]),
                "distance": rng.gamma(4.0, 2.0, rows).round(2),
                "paid": rng.random(rows) < 0.9,
            }
        ),
    )


@pytest.fixture(scope="session")
def days() -> list[Partition]:
    return [make_day(number) for number in range(DAYS + 1)]


@pytest.fixture(scope="session")
def quiet(days: list[Partition]) -> History:
    """The history that all days but the last make."""
    return History.of_profiles(profile_partition("rides", day) for day in days[:DAYS])
