"""How values and bands of facts are told."""

from __future__ import annotations

import pytest

from trivium.checks.wording import show_band


@pytest.mark.parametrize(
    ("fact", "low", "high", "told"),
    [
        ("distinct", 2.0, 2.3, "2"),
        ("distinct", 2.0, 3.0, "2 to 3"),
        ("null_rate", 0.0, 0.0, "0 %"),
        ("median", 21.41, 21.44, "21.4"),
        ("median", 55.0, 88.0, "55.0 to 88.0"),
    ],
)
def test_a_band_whose_ends_read_alike_is_one_value(fact: str, low: float, high: float, told: str) -> None:
    assert show_band(fact, low, high) == told
