"""A warning points at the line of whoever uses Trivium."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.checks.kinds import rule
from trivium.store.acting import off_the_record
from trivium.store.store import Store
from trivium.tables.joint import commit_together
from trivium.tables.quarantine import QuarantinedData
from trivium.tables.query import query_tables
from trivium.tables.read import FlaggedData
from trivium.tables.table import Table

FLAGGED = Table("flagged", key="id", watch="off", checks=[rule("x > 0", severity="warn")])
BROKEN = Table("broken", key="id", watch="off", checks=[rule("x > 0")])
BAD = pl.DataFrame({"id": [1, 2], "x": [1, -1]})
GOOD = BAD.with_columns(pl.col("x").abs())


def warned(act: Callable[[], Any], kind: type[Warning]) -> warnings.WarningMessage:
    """The one warning of an act, which is a lambda on one line of this file."""
    with pytest.warns(kind) as told:
        act()
    (warning,) = told
    assert (warning.filename, warning.lineno) == (__file__, inspect.getsourcelines(act)[1])
    return warning


def test_reading_flagged_rows_points_at_the_line_that_reads(store: Store) -> None:
    FLAGGED.append(BAD, store=store)
    warned(lambda: FLAGGED.read(store=store), FlaggedData)
    warned(lambda: FLAGGED.at(1, store=store).read(), FlaggedData)
    warned(lambda: FLAGGED.batches(size=1, store=store), FlaggedData)
    warned(lambda: query_tables(store, "SELECT * FROM flagged"), FlaggedData)


def test_a_decorator_of_ours_in_between_is_none_of_the_users_lines(store: Store) -> None:
    FLAGGED.append(BAD, store=store)
    with pytest.warns(FlaggedData) as told:
        off_the_record()(Table.read)(FLAGGED, store=store)
    assert told[0].filename == __file__


def test_a_commit_that_ends_in_quarantine_warns_where_it_is_made(store: Store) -> None:
    said = warned(lambda: BROKEN.append(BAD, store=store), QuarantinedData).message
    assert isinstance(said, tv.QuarantinedData)
    assert said.commit is not None
    assert str(said) == (
        "Quarantined: 2 rows of broken are kept aside, and no version has them: x > 0: 1 of 2 rows fail. "
        "`trivium alerts list --table broken` shows why; then "
        f"`trivium tables release {said.commit.id}` or `trivium tables discard {said.commit.id}`"
    )


def test_every_act_that_commits_warns_of_a_quarantine(store: Store) -> None:
    BROKEN.append(GOOD, store=store)
    warned(lambda: BROKEN.overwrite(BAD, store=store), QuarantinedData)
    warned(lambda: BROKEN.upsert(BAD, store=store), QuarantinedData)
    with pytest.warns(QuarantinedData, match="2 rows of broken"):
        commit_together({BROKEN: BAD}, store=store)


def test_a_good_commit_warns_of_nothing(store: Store) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert BROKEN.append(GOOD, store=store).version == 1
