"""Structs to rows and back lose nothing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from trivium.store.catalog.sql.rows import from_json, from_row, iso, json_text, to_row


class Thing(msgspec.Struct, frozen=True):
    """One field of each kind."""

    name: str
    number: int
    share: float
    sure: bool
    at: datetime
    maybe: float | None
    facts: dict[str, float]
    parts: tuple[str, ...]
    anything: dict[str, Any] = {}


THING = Thing("x", 3, 0.5, True, datetime(2024, 1, 1, 12, 30, 1, 7, tzinfo=UTC), None, {"mean": 1.0}, ("a", "b"))


@pytest.mark.parametrize(
    "thing",
    [
        THING,
        msgspec.structs.replace(THING, number=2**63 - 1, sure=False, maybe=1e300, parts=()),
        msgspec.structs.replace(THING, name="ä'\";--🙂", anything={"a": [1, None, {"b": "c"}]}),
        msgspec.structs.replace(THING, share=math.inf, facts={"max": math.inf, "min": -math.inf}),
    ],
)
def test_a_struct_comes_back_as_it_went(thing: Thing) -> None:
    assert from_row(Thing, to_row(thing)) == thing


def test_an_undefined_number_stays_undefined() -> None:
    thing = msgspec.structs.replace(THING, share=math.nan, facts={"std": math.nan})
    row = to_row(thing) | {"share": None}  # which is what SQLite makes of it
    back = from_row(Thing, row)
    assert math.isnan(back.share)
    assert math.isnan(back.facts["std"])
    assert back.maybe is None


def test_times_are_stored_in_utc_so_that_they_sort_as_text() -> None:
    east = timezone(timedelta(hours=5))
    assert iso(datetime(2024, 1, 1, 3, tzinfo=east)) == "2023-12-31T22:00:00.000000Z"


def test_columns_that_the_struct_lacks_are_ignored() -> None:
    assert from_row(Thing, to_row(THING) | {"cursor": 7}) == THING


def test_json_spells_what_json_lacks() -> None:
    assert json_text({"a": [math.nan, math.inf], "b": -math.inf, 1: 2.5}) == '{"a":["nan","inf"],"b":"-inf","1":2.5}'
    assert from_json(Thing, json_text(THING)) == THING
