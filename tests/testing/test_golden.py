"""Golden cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, UnsupportedValue
from trivium.testing import golden
from trivium.testing.readable import from_readable, spell, to_readable

UPDATE = {"TRIVIUM_UPDATE_GOLDEN": "1"}
TRIPS = pl.DataFrame({"at": [datetime(2024, 1, 1, 8), None], "km": [1.5, float("nan")], "who": ["Zoë", "b"]})  # noqa: DTZ001


@tv.task
def scaled(rows: pl.LazyFrame, factor: float) -> pl.LazyFrame:
    return rows.with_columns(pl.col("km") * factor)


@tv.task
def scaled_otherwise(rows: pl.LazyFrame, factor: float) -> pl.LazyFrame:
    return rows.with_columns(pl.col("km") * factor + 1)


@tv.task
def counted(rows: pd.DataFrame) -> dict[str, int]:
    return {"rows": len(rows), "columns": rows.shape[1]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "golden" / "scaled.json"


def test_a_case_is_written_once_and_holds_from_then_on(file: Path) -> None:
    golden(scaled, file, inputs={"a morning": {"rows": TRIPS, "factor": 2.0}}, environ=UPDATE)
    golden(scaled, file, environ={})


def test_the_file_is_for_people(file: Path) -> None:
    golden(scaled, file, inputs={"a morning": {"rows": TRIPS, "factor": 2.0}}, environ=UPDATE)
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    assert '"columns": {"at": "timestamp[us]", "km": "float64", "who": "string"},' in lines
    assert '["2024-01-01T08:00:00", 3.0, "Zoë"],' in lines
    assert '[null, "nan", "b"]' in lines


def test_what_differs_is_named_by_case_column_and_row(file: Path) -> None:
    golden(scaled, file, inputs={"a morning": {"rows": TRIPS, "factor": 2.0}}, environ=UPDATE)
    with pytest.raises(
        AssertionError, match=r"(?s)a morning, column 'km', row 0: 3\.0, then 4\.0.*--trivium-update-gold"
    ):
        golden(scaled_otherwise, file, environ={})
    golden(scaled_otherwise, file, environ={}, relative=0.5)


def test_updating_keeps_the_inputs_and_takes_the_new_output(file: Path) -> None:
    golden(scaled, file, inputs={"a morning": {"rows": TRIPS, "factor": 2.0}}, environ=UPDATE)
    golden(scaled_otherwise, file, inputs={"more": {"rows": TRIPS, "factor": 1.0}}, environ=UPDATE)
    golden(scaled_otherwise, file, environ={})


def test_cases_can_be_written_by_hand(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"two": {"inputs": {"rows": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}}}')
    with pytest.raises(AssertionError, match="two: it has no output yet"):
        golden(counted, file, environ={})
    golden(counted, file, environ=UPDATE)
    assert '"output": {"rows": 2, "columns": 2}' in file.read_text()
    golden(counted, file, environ={})


def test_a_case_that_is_not_in_the_file_fails(file: Path) -> None:
    golden(scaled, file, inputs={"a": {"rows": TRIPS, "factor": 2.0}}, environ=UPDATE)
    with pytest.raises(AssertionError, match="b: it is not in the file yet"):
        golden(scaled, file, inputs={"b": {"rows": TRIPS, "factor": 2.0}}, environ={})


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "is not JSON"), ("[]", "no golden cases"), ("{}", "no golden cases"), ('{"a": 1}', "inputs")],
)
def test_a_file_that_has_no_cases_is_misuse(file: Path, text: str, told: str) -> None:
    with pytest.raises(Misuse, match="There is no file"):
        golden(scaled, file, environ={})
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(Misuse, match=told):
        golden(scaled, file, environ={})


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "x"], "t": (1, date(2024, 1, 1)), "d": Decimal("1.50"), "n": float("inf")},
        {"$": "odd", "v": 1},
        pl.DataFrame(),
        pl.DataFrame({"x": []}, schema={"x": pl.Datetime("ns", "Europe/Berlin")}),
        pl.DataFrame({"at": [datetime(2024, 10, 27, 0, 30, tzinfo=UTC)]}).with_columns(
            pl.col("at").dt.convert_time_zone("Europe/Berlin")
        ),
        pl.DataFrame({"d": [date(2024, 1, 1), None], "l": [timedelta(1), timedelta(0)], "c": [Decimal("1.5"), None]}),
        pl.DataFrame({"f": [float("nan"), float("-inf"), None], "l": [[1], [], None], "s": [{"a": 1.5}, None, None]}),
        pl.DataFrame({"c": ["a", "b"]}, schema={"c": pl.Categorical}),
    ],
    ids=["plain", "tagged", "empty", "no rows", "zone", "scalars", "floats", "categories"],
)
def test_values_come_back_from_their_readable_spelling(value: Any) -> None:
    readable = to_readable(value)
    assert to_readable(from_readable(readable)) == readable
    assert spell(readable)


def test_a_value_without_a_readable_spelling_is_refused() -> None:
    with pytest.raises(UnsupportedValue, match="no readable spelling"):
        to_readable(pl.DataFrame({"b": [b"\0"]}))
