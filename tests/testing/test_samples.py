"""Samples of a table."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.tables.table import Table
from trivium.testing import sample

START = datetime(2024, 1, 1)  # noqa: DTZ001 # a column without a zone
trips = Table("trips", key="customer", time="at", watch="off")
prices = Table("prices", watch="off")


@pytest.fixture(autouse=True)
def rows(store: Store) -> pl.DataFrame:
    """300 customers with a trip on each of ten days, and 1,000 prices without a key."""
    made = pl.DataFrame(
        [
            {"customer": number, "at": START + timedelta(days=day), "n": day}
            for day in range(10)
            for number in range(300)
        ]
    )
    trips.append(made)
    prices.append(pl.DataFrame({"price": [float(n) for n in range(1000)]}))
    return made


def test_a_sample_is_the_same_every_time_and_another_by_another_seed() -> None:
    assert sample(trips, 0.1).equals(sample("trips", 0.1))
    assert set(sample(trips, 0.1, seed=1)["customer"]) != set(sample(trips, 0.1)["customer"])


def test_all_rows_of_a_key_are_there_or_none(rows: pl.DataFrame) -> None:
    found = sample(trips, 0.1)
    assert set(found.group_by("customer").len()["len"]) == {10}
    assert 15 <= found["customer"].n_unique() <= 45
    assert found.columns == rows.columns


def test_a_larger_sample_keeps_what_a_smaller_one_kept() -> None:
    assert set(sample(trips, 0.1)["customer"]) < set(sample(trips, 0.3)["customer"])


def test_the_rows_stay_in_their_order(rows: pl.DataFrame) -> None:
    chosen = sample(trips, 0.2)
    assert chosen.equals(rows.filter(pl.col("customer").is_in(chosen["customer"].unique().implode())))


def test_every_partition_of_event_time_keeps_something() -> None:
    assert sample(trips, 0.0001)["at"].n_unique() == 10


def test_whole_partitions_can_be_taken() -> None:
    found = sample(trips, 0.3, by="partition")
    assert set(found.group_by("at").len()["len"]) == {300}
    assert 1 <= found["at"].n_unique() <= 6
    assert sample(trips, 0.0001, by="partition")["at"].n_unique() == 1


def test_other_columns_can_stay_whole() -> None:
    assert set(sample(trips, 0.3, by=["n"]).group_by("n").len()["len"]) == {300}


def test_rows_without_a_key_are_chosen_one_by_one() -> None:
    assert 70 <= sample(prices, 0.1).height <= 130
    assert sample(prices, 1.0).height == 1000


def test_an_older_version_can_be_sampled(rows: pl.DataFrame) -> None:
    trips.append(rows.with_columns(pl.col("at") + timedelta(days=10)))
    assert sample(trips, 0.1)["at"].n_unique() == 20
    assert sample(trips, 0.1, version=1)["at"].n_unique() == 10


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_misuse(share: float) -> None:
    with pytest.raises(Misuse, match="above 0 and at most 1"):
        sample(trips, share)


def test_what_cannot_be_sampled_is_told() -> None:
    with pytest.raises(NotFound, match="nothing"):
        sample("nothing")
    with pytest.raises(Misuse, match="no event time"):
        sample(prices, by="partition")
    prices.delete("price >= 0")
    with pytest.raises(Misuse, match="has no rows"):
        sample(prices)
