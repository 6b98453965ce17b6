"""Derived columns mean the same in training and in serving."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from trivium.errors import Misuse, SchemaMismatch
from trivium.models.prepare import prepare, widen_date_parts


def test_a_later_expression_uses_an_earlier_one() -> None:
    rows = prepare({"a": [1, 2]}, {"b": "a + 1", "c": "b * 10"})
    assert rows.to_dicts() == [{"a": 1, "b": 2, "c": 20}, {"a": 2, "b": 3, "c": 30}]


def test_an_expression_may_replace_a_column() -> None:
    assert prepare({"a": [1]}, {"a": "a + 1", "b": "a"}).to_dicts() == [{"a": 2, "b": 2}]


def test_parts_of_a_date_do_not_overflow() -> None:
    rows = pl.DataFrame({"t": [datetime(2024, 1, 1, 23, 59, tzinfo=UTC)]})
    derived = prepare(rows, {"minute": "EXTRACT(hour FROM t) * 60 + date_part('minute', t)"})
    assert derived["minute"].to_list() == [1439]


def test_only_calls_are_widened_not_texts_or_names() -> None:
    assert widen_date_parts("extract(hour FROM (a))") == "CAST(extract(hour FROM (a)) AS BIGINT)"
    assert widen_date_parts("x = 'EXTRACT(' AND (extracted > 1)") == "x = 'EXTRACT(' AND (extracted > 1)"


def test_what_is_not_sql_is_named() -> None:
    with pytest.raises(Misuse, match="'b'"):
        prepare({"a": [1]}, {"b": "a +"})
    with pytest.raises(SchemaMismatch, match="nothing"):
        prepare({"a": [1]}, {"b": "nothing + 1"})
