from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import msgspec
import polars as pl
import pytest

from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.values.alerts import ColumnProfile, Profile


def profile_of(values: pl.Series, partition: str = "2024-01-02") -> ColumnProfile:
    return profile_partition("t", Partition(partition, values.to_frame())).columns[0]


def test_numbers_are_described_by_rates_quantiles_and_grain() -> None:
    facts = profile_of(pl.Series("x", [0, 5, 10, 10, -1, None])).facts
    assert facts["null_rate"] == pytest.approx(1 / 6)
    assert (facts["minimum"], facts["maximum"]) == (-1, 10)
    assert facts["median"] == pytest.approx(5, abs=0.2)
    assert (facts["zero_rate"], facts["negative_rate"], facts["multiple_of_5"]) == (0.2, 0.2, 0.8)
    assert (facts["distinct"], facts["top_share"]) == (4, 0.4)


def test_nan_and_infinity_are_counted_and_do_not_spoil_the_rest() -> None:
    facts = profile_of(pl.Series("x", [1.0, float("nan"), float("inf"), 3.0])).facts
    assert (facts["nan_rate"], facts["infinite_rate"], facts["mean"]) == (0.25, 0.25, 2.0)


def test_a_column_of_only_nan_has_no_quantiles() -> None:
    facts = profile_of(pl.Series("x", [float("nan")] * 3)).facts
    assert facts["nan_rate"] == 1.0
    assert "median" not in facts


def test_texts_are_described_by_length_and_letters() -> None:
    found = profile_of(pl.Series("x", ["UA", "UA", "b6", " é"]))
    assert found.facts["upper_rate"] == 0.5
    assert found.facts["padded_rate"] == 0.25
    assert found.facts["foreign_share"] == 0.125
    assert found.top == {"UA": 0.5, " é": 0.25, "b6": 0.25}


def test_a_key_has_no_frequent_values() -> None:
    assert profile_of(pl.Series("x", [f"k{i}" for i in range(100)])).top == {}


def test_at_most_fifty_frequent_values_are_kept() -> None:
    assert len(profile_of(pl.Series("x", [f"k{i % 80}" for i in range(800)])).top) == 50


def test_times_are_described_from_the_start_of_their_partition() -> None:
    facts = profile_of(pl.Series("x", [datetime(2024, 1, 2, 6), datetime(2024, 1, 2, 18, 30)])).facts  # noqa: DTZ001
    assert (facts["minimum"], facts["maximum"], facts["whole_hour_rate"]) == (6.0, 18.5, 0.5)


def test_equal_columns_have_equal_fingerprints_and_order_matters() -> None:
    one, two, three = (profile_of(pl.Series("x", v)).facts["fingerprint"] for v in ([1, 2, 3], [1, 2, 3], [3, 2, 1]))
    assert one == two != three


def test_repeated_rows_are_counted() -> None:
    rows = pl.DataFrame({"a": [1, 1, 2, 3], "b": ["x", "x", "y", "z"]})
    assert profile_partition("t", Partition("all", rows)).facts["duplicate_rate"] == 0.25


@pytest.mark.parametrize(
    "values",
    [
        pl.Series("x", [True, False, None]),
        pl.Series("x", [["a"], [], None]),
        pl.Series("x", [{"a": 1}, None]),
        pl.Series("x", [b"ab", None]),
        pl.Series("x", [Decimal("1.5"), None]),
        pl.Series("x", [timedelta(seconds=90), None]),
        pl.Series("x", [time(8, 30), None]),
        pl.Series("x", [date(2024, 1, 2), None]),
        pl.Series("x", ["a", None], dtype=pl.Categorical),
        pl.Series("x", ["a", None], dtype=pl.Enum(["a", "b"])),
        pl.Series("x", [[1.0, 2.0]], dtype=pl.Array(pl.Float64, 2)),
        pl.Series("x", [None, None]),
        pl.Series("x", [None, None], dtype=pl.String),
        pl.Series("x", [], dtype=pl.Float64),
        pl.Series("x", [], dtype=pl.String),
        pl.Series("x", [1.0]),
        pl.Series("x", ["é" * 100_000]),
        pl.Series("x", [""]),
        pl.Series("x", [1e308, -1e308, 5e-324]),
        pl.Series("x", [2**63 - 1, -(2**63)]),
        pl.Series("x", [7] * 50),
    ],
    ids=lambda values: f"{values.dtype}-{len(values)}",
)
def test_every_type_of_column_has_a_profile_that_survives_json(values: pl.Series) -> None:
    profile = profile_partition("t", Partition("all", values.to_frame()))
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile


def test_an_empty_partition_has_a_profile() -> None:
    profile = profile_partition("t", Partition("all", pl.DataFrame()))
    assert (profile.rows, profile.columns, profile.facts) == (0, (), {"log_rows": 0.0})
