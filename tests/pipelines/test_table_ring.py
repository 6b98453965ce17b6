from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse
from trivium.pipelines.pipeline import Pipeline
from trivium.store.store import Store

raw, clean, daily = (tv.Table(name, time="at", watch="off") for name in ("raw", "clean", "daily"))


@tv.task(commits=clean)
def cleaned(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@tv.task(commits=daily)
def summed(rows: pl.DataFrame, more: int = 0) -> pl.DataFrame:
    return rows


@tv.task
def height(rows: pl.DataFrame) -> int:
    return rows.height


def ring() -> Any:
    cleaned(daily)
    return summed(clean)


def by_its_result() -> Any:
    return summed(cleaned(daily))


def by_way_of_another() -> Any:
    return summed(raw, height(daily))


@pytest.mark.parametrize(
    ("function", "story"),
    [
        (ring, "makes table 'clean' of 'daily', and that of 'clean': each commit would make the next one stale"),
        (by_its_result, "makes table 'clean' of 'daily', and that of 'clean'"),
        (by_way_of_another, "makes table 'daily' of 'daily'"),
    ],
)
def test_tables_that_are_made_of_each_other_are_refused_before_anything_runs(
    store: Store, function: Callable[[], Any], story: str
) -> None:
    drawn = Pipeline(function, "rings")
    for act in (drawn.run, drawn.plan):
        with pytest.raises(Misuse, match=story):
            act(store=store)
    assert store.catalog.runs.list_runs() == []


def test_tables_that_are_made_one_after_the_other_are_not(store: Store) -> None:
    def chain() -> Any:
        cleaned(raw)
        return summed(clean, height(raw))

    for table in (raw, clean):
        table.append(pl.DataFrame({"at": [datetime(2024, 1, 1, tzinfo=UTC)]}), store=store)
    steps = Pipeline(chain, "chained").plan(store=store).steps
    assert {step.task for step in steps} == {"cleaned", "height", "summed"}
