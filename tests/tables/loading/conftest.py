"""A small table of several partitions and files, to be loaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.conftest import START

import trivium as tv
from trivium.store.store import Store
from trivium.tables.loading.batches import Batches

EVENTS = tv.Table("events", key="id", time="moment", watch="off")


@pytest.fixture
def events() -> Callable[..., pl.DataFrame]:
    """Makes `count` rows from id `first` on, 40 to a day; `x` is the id as float32, `name` a text, `odd` a boolean."""

    def make(count: int, first: int = 0) -> pl.DataFrame:
        ids = np.arange(first, first + count)
        return pl.DataFrame(
            {
                "id": ids,
                "moment": [START + timedelta(days=int(each) // 40) for each in ids],
                "x": ids.astype(np.float32),
                "name": [f"n{each}" for each in ids],
                "odd": ids % 2 == 1,
            }
        )

    return make


@pytest.fixture
def loaded(store: Store, events: Callable[..., pl.DataFrame]) -> Store:
    """The store with version 2 of `events`: 250 rows, in seven partitions and eight files."""
    EVENTS.append(events(140), store=store)
    EVENTS.append(events(110, 140), store=store)
    return store


@pytest.fixture
def load(loaded: Store) -> Callable[..., Batches]:
    """Loads `events` in small batches and windows."""

    def make(**options: Any) -> Batches:
        return EVENTS.batches(store=loaded, **{"size": 16, "window": 64, **options})

    return make
