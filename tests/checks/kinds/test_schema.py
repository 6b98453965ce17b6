"""Declared columns and types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from trivium.checks.kinds.outcome import Outcome
from trivium.checks.kinds.schema import judge_columns, schema
from trivium.errors import Misuse

ROWS = pl.DataFrame({"id": [1], "price": [1.5], "name": ["a"], "at": [datetime(2024, 1, 1)], "note": [None]})  # noqa: DTZ001


def failed(outcomes: list[Outcome]) -> list[str]:
    return [outcome.message for outcome in outcomes if not outcome.passed]


def test_columns_of_their_types_pass_with_one_outcome() -> None:
    check = schema({"id": "int64", "price": "float64", "name": "string", "at": "timestamp[us]"})
    (found,) = judge_columns(check, ROWS)
    assert (found.passed, found.message) == (True, "schema(id, price, name, at): all 4 columns are as declared")


def test_each_column_that_is_absent_of_another_type_or_not_welcome_fails_by_itself() -> None:
    found = judge_columns(schema({"id": "int32", "code": "string", "name": str, "price": float}, extra=False), ROWS)
    assert [(each.column, each.observed, each.expected) for each in found] == [
        ("code", "absent", "string"),
        ("id", "int64", "int32"),
        ("at", "timestamp[us]", "no such column"),
        ("note", "null", "no such column"),
    ]


def test_a_kind_of_type_a_python_type_and_a_polars_type_are_types() -> None:
    kinds: list[Any] = [
        {"id": "integer", "price": "number", "name": "text", "at": "time", "note": "any"},
        {"id": int, "price": float, "name": str, "at": datetime},
        {"id": pl.Int64, "price": pl.Float64(), "name": pl.String, "at": pl.Datetime("us")},
        ["id", "price"],
    ]
    assert [failed(judge_columns(schema(kind), ROWS)) for kind in kinds] == [[], [], [], []]


def test_a_column_without_a_value_fits_every_type() -> None:
    assert not failed(judge_columns(schema({"note": "float64"}), ROWS))


def test_optional_columns_may_be_absent_but_not_of_another_type() -> None:
    check = schema({"id": int, "name": int, "code": str}, optional=["name", "code"])
    assert failed(judge_columns(check, ROWS)) == ["`name` is string, expected integer"]


def test_no_rows_have_types_as_well() -> None:
    assert failed(judge_columns(schema({"id": "text"}), ROWS.head(0))) == ["`id` is int64, expected text"]


@pytest.mark.parametrize(
    "columns", [{}, [], "id", {"id": "integr"}, {"id": 7}, {"id": list}, {"at": "timestamp"}, {"x": ""}]
)
def test_what_is_no_type_is_misuse(columns: dict[str, object]) -> None:
    with pytest.raises(Misuse):
        schema(columns)


def test_an_optional_column_has_to_be_declared() -> None:
    with pytest.raises(Misuse, match="the optional ones among them"):
        schema({"day": date}, optional=["night"])
