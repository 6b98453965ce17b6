"""A store for one test."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trivium.store.store import Store, current_store
from trivium.tables.table import Table
from trivium.testing import temporary_store

flights = Table("flights", watch="off")


def test_what_is_done_inside_is_gone_afterwards(store: Store) -> None:
    with temporary_store() as inner:
        assert current_store() is inner
        flights.append([{"a": 1}])
        folder = inner.settings.root
        assert folder.is_dir()
    assert not folder.exists()
    assert current_store() is store
    assert store.catalog.tables.list_specs() == []


def test_no_setting_of_the_environment_has_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STORE": "postgresql://nowhere", "STORAGE": "s3://nowhere/x", "ACTOR": "eve"}.items():
        monkeypatch.setenv(f"TRIVIUM_{name}", value)
    with temporary_store() as inner:
        assert (inner.actor, inner.settings.store, inner.settings.checkpoints) == ("tester", "", "off")


def test_the_clock_can_be_fixed() -> None:
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    with temporary_store(clock=lambda: noon):
        assert flights.append([{"a": 1}]).committed_at == noon


def test_the_store_goes_also_when_the_test_fails() -> None:
    with pytest.raises(ZeroDivisionError), temporary_store() as inner:
        1 / 0  # noqa: B018
    assert not inner.settings.root.exists()


def test_pytest_has_it_as_a_fixture(trivium_store: Store) -> None:
    flights.append([{"a": 1}])
    assert current_store() is trivium_store
    assert flights.read().collect().height == 1
