"""Lengths of time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from trivium.durations import parse_duration
from trivium.errors import Misuse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("50ms", 0.05), ("90s", 90), ("15m", 900), ("26h", 93600), ("30d", 2592000), ("2w", 1209600), ("1.5 h", 5400),
     (" 7d ", 604800), ("0s", 0)],
)  # fmt: skip
def test_a_number_and_a_unit_are_a_length_of_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "26", "-1h", "1h30m", "1 year", "1e3s", "26H", "nan s", "1,5h"])
def test_anything_else_is_refused_by_value(text: str) -> None:
    with pytest.raises(Misuse, match="is not a length of time"):
        parse_duration(text)


def test_a_length_beyond_all_dates_is_refused() -> None:
    with pytest.raises(Misuse, match="longer than time itself"):
        parse_duration("9" * 30 + "w")
