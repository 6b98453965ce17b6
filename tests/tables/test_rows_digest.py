"""The digest of rows is that of what they say."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from trivium.tables.rows_digest import rows_digest

ROWS = pl.DataFrame(
    {
        "whole": [1, None, 3],
        "part": [0.5, float("nan"), None],
        "text": ["a", None, "ü\n"],
        "kind": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
        "yes": [True, None, False],
        "at": [datetime(2024, 1, 1, tzinfo=UTC), None, datetime(2024, 1, 2, tzinfo=UTC)],
        "day": [date(2024, 1, 1), None, date(2024, 1, 2)],
        "long": [timedelta(hours=1), None, timedelta(0)],
        "money": pl.Series([Decimal("1.50"), None, Decimal("2.00")], dtype=pl.Decimal(10, 2)),
        "raw": [b"\x00\xff", None, b""],
        "list": [[1, 2], None, []],
        "struct": [{"a": 1}, None, {"a": None}],
    }
)
PINNED = "0fb549cfc69cbdb4"


def test_a_copy_through_a_file_in_other_chunks_has_the_same_digest() -> None:
    buffer = io.BytesIO()
    ROWS.write_parquet(buffer, row_group_size=1)
    buffer.seek(0)
    read = pl.read_parquet(buffer)
    again = pl.concat([read.slice(place, 1) for place in range(3)], rechunk=False)
    assert again.n_chunks() == 3
    assert rows_digest(again) == rows_digest(ROWS)


@pytest.mark.parametrize(
    "other",
    [
        ROWS.reverse(),
        ROWS.head(2),
        ROWS.rename({"whole": "all"}),
        ROWS.select(reversed(ROWS.columns)),
        ROWS.with_columns(pl.col("whole").cast(pl.Int32)),
        ROWS.with_columns(pl.col("text").fill_null("")),
        ROWS.with_columns(whole=pl.Series([1, 3, None])),
        ROWS.with_columns(text=pl.Series(["aü", None, "\n"])),
        ROWS.with_columns(raw=pl.Series([b"\x00", None, b"\xff"])),
        ROWS.with_columns(list=pl.Series([[1], None, [2]])),
        ROWS.with_columns(part=pl.Series([0.5, None, float("nan")])),
    ],
)
def test_whatever_else_differs_is_seen(other: pl.DataFrame) -> None:
    assert rows_digest(other) != rows_digest(ROWS)


def test_what_lies_beneath_a_null_does_not_count() -> None:
    over = pl.DataFrame({"a": [1, 2]}).select(pl.when(pl.col("a") > 1).then(pl.col("a")))
    assert rows_digest(over) == rows_digest(pl.DataFrame({"a": [None, 2]}, schema={"a": pl.Int64}))


def test_the_digest_is_pinned() -> None:
    flat = ROWS.drop("list", "struct")
    assert rows_digest(flat).startswith(PINNED)
