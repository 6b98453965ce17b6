"""A table that nobody commits to grows old, and its readers are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import polars as pl
import pytest

from trivium.checks.kinds import fresh
from trivium.settings import load_settings
from trivium.store.store import Store, open_store, use_store
from trivium.tables.freshness import watch_freshness
from trivium.tables.read import FlaggedData
from trivium.tables.table import Table
from trivium.triggers.worker import tick

Readings = Callable[..., pl.DataFrame]
TABLE = Table("readings", key="id", time="at", checks=[fresh("26h")], watch="off")
MONDAY, TUESDAY = "2024-01-01 23:00:00", "2024-01-02 23:00:00"


class Hand:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def store(tmp_path: Path, hand: Hand) -> Iterator[Store]:
    """A store whose clock the test moves."""
    numbers = count(1)
    settings = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada", durability="fast")
    opened = open_store(settings, clock=hand, ids=lambda: f"{next(numbers):026d}")
    with use_store(opened):
        yield opened
    opened.close()


def age(hand: Hand, store: Store, hours: int) -> list[str]:
    """So many hours go by; the alerts that are opened then."""
    hand.now += timedelta(hours=hours)
    return [alert.message for alert in watch_freshness(store)]


def test_a_table_that_grew_old_has_one_alert_until_it_is_fresh(store: Store, hand: Hand, readings: Readings) -> None:
    TABLE.append(readings([1], [MONDAY]))
    assert age(hand, store, 24) == []
    assert age(hand, store, 3) == ["the newest `at` is 28 h old (2024-01-01 23:00 UTC), promised within 26h"]
    assert age(hand, store, 24) == []
    TABLE.append(readings([2], [TUESDAY]))
    hand.now = datetime(2024, 1, 3, tzinfo=UTC)
    assert watch_freshness(store) == []
    assert {alert.state for alert in store.catalog.alerts.list_alerts()} == {"resolved"}


def test_readers_and_lookups_of_an_old_table_are_told(store: Store, hand: Hand, readings: Readings) -> None:
    TABLE.append(readings([1], [MONDAY]))
    assert TABLE.lookup([1])[0].alerts == ()
    age(hand, store, 48)
    assert [alert.kind for alert in TABLE.lookup([1])[0].alerts] == ["fresh"]
    with pytest.warns(FlaggedData, match="promised within 26h"):
        TABLE.at().read(["x"])


def test_a_dismissed_age_stays_dismissed_until_there_is_a_newer_partition(
    store: Store, hand: Hand, readings: Readings
) -> None:
    TABLE.append(readings([1], [MONDAY]))
    assert len(age(hand, store, 48)) == 1
    (alert,) = store.catalog.alerts.list_alerts()
    store.catalog.alerts.judge(alert.id, true_alarm=False, because="a holiday", actor="bob")
    assert age(hand, store, 48) == []
    TABLE.append(readings([2], ["2024-01-06 23:00:00"]))
    assert len(age(hand, store, 72)) == 1


def test_nothing_is_written_while_nothing_changes(store: Store, hand: Hand, readings: Readings) -> None:
    TABLE.append(readings([1], [MONDAY]))
    age(hand, store, 48)
    before = len(store.catalog.events.list_events())
    age(hand, store, 1)
    assert len(store.catalog.events.list_events()) == before


def test_a_table_without_a_version_or_a_check_has_no_age(store: Store, hand: Hand, readings: Readings) -> None:
    store.catalog.tables.declare(TABLE.spec, actor="ada")
    Table("other", time="at", watch="off").append(readings([1], [MONDAY]))
    assert age(hand, store, 480) == []


def test_the_worker_watches_the_age_of_tables(store: Store, hand: Hand, readings: Readings) -> None:
    TABLE.append(readings([1], [MONDAY]))
    hand.now += timedelta(days=9)
    tick(store, [])
    assert [alert.kind for alert in store.catalog.alerts.list_alerts(state="open")] == ["fresh"]
