"""Small rows of readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest


@pytest.fixture
def readings() -> Callable[..., pl.DataFrame]:
    """Makes rows of readings: ids, and texts of their times; further columns by name."""

    def make(ids: list[int], times: list[str | None], **more: Any) -> pl.DataFrame:
        moments = pl.Series("at", times, dtype=pl.String).str.to_datetime(time_unit="us")
        return pl.DataFrame({"id": ids, "at": moments, "x": [float(each) for each in ids], **more})

    return make
