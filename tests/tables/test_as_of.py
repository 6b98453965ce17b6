"""The join at a point in time, against the plainest thing that could be right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.errors import Misuse, SchemaMismatch
from trivium.tables.as_of import as_of

START = datetime(2024, 1, 1)  # noqa: DTZ001 # event times without a zone, as files have them
Row = tuple[str | None, int | None, int]

KEYS = st.sampled_from(["a", "b", "c", None])
MINUTES = st.one_of(st.none(), st.integers(0, 40))
ROWS = st.lists(st.tuples(KEYS, MINUTES, st.integers(0, 999)), max_size=25)
FEATURES = st.lists(st.tuples(KEYS, MINUTES, st.integers(0, 999)), max_size=25, unique_by=lambda row: (row[0], row[1]))


def frame(rows: Sequence[Row], time: str, value: str) -> pl.DataFrame:
    schema: dict[str, Any] = {"key": pl.String, time: pl.Datetime("us"), value: pl.Int64}
    moments = [None if minute is None else START + timedelta(minutes=minute) for _, minute, _ in rows]
    data = {"key": [row[0] for row in rows], time: moments, value: [row[2] for row in rows]}
    return pl.DataFrame(data, schema=schema)


def naive(rows: Sequence[Row], features: Sequence[Row], within: int | None) -> list[int | None]:
    """For each row the value of the newest feature of its key, not after it, not older than `within` minutes."""
    found: list[int | None] = []
    for key, minute, _ in rows:
        known = [
            (at, value)
            for other, at, value in features
            if minute is not None and at is not None and key is not None and other == key and at <= minute
            and (within is None or minute - at <= within)
        ]  # fmt: skip
        found.append(max(known)[1] if known else None)
    return found


@settings(deadline=None, max_examples=150)
@given(ROWS, FEATURES, st.one_of(st.none(), st.integers(1, 20)), st.randoms())
def test_each_row_gets_what_was_known_at_its_moment(
    rows: list[Row], features: list[Row], within: int | None, random: Any
) -> None:
    expected = naive(rows, features, within)
    shuffled = random.sample(features, len(features))
    for given_features in (features, shuffled, sorted(features, key=str)):
        joined = as_of(
            frame(rows, "asked", "row"), frame(given_features, "known", "feature"),
            by="key", on="asked", time="known", within=None if within is None else f"{within}m",
        ).collect()  # fmt: skip
        assert joined["row"].to_list() == [row[2] for row in rows]
        assert joined["feature"].to_list() == expected
        assert joined.columns == ["key", "asked", "row", "feature"]


def test_a_feature_of_the_same_moment_is_known() -> None:
    assert value_at(10, [("a", 10, 1), ("a", 11, 2)]) == 1


def test_of_two_features_of_one_moment_the_last_given_is_taken() -> None:
    for last in range(5):
        assert value_at(10, [("a", 5, each) for each in (7, 8, 9, last)]) == last


def test_a_feature_older_than_within_is_not_taken() -> None:
    assert value_at(10, [("a", 4, 1)], within="6m") == 1
    assert value_at(10, [("a", 3, 1)], within="6m") is None


def value_at(minute: int, features: list[Row], **more: Any) -> Any:
    rows, known = frame([("a", minute, 0)], "asked", "row"), frame(features, "known", "feature")
    return as_of(rows, known, by="key", on="asked", time="known", **more).collect()["feature"].item()


def test_both_sides_may_name_their_moment_alike() -> None:
    joined = as_of(
        frame([("a", 5, 0)], "at", "row"), frame([("a", 4, 1)], "at", "x"), by="key", on="at", time="at"
    ).collect()
    assert joined.to_dict(as_series=False) == {
        "key": ["a"], "at": [START + timedelta(minutes=5)], "row": [0], "x": [1],
    }  # fmt: skip


def test_several_keys_are_one_key() -> None:
    rows = pl.DataFrame({"a": [1, 1], "b": [1, 2], "asked": [START, START]})
    known = pl.DataFrame({"a": [1, 2], "b": [2, 2], "known": [START, START], "x": [7, 8]})
    assert as_of(rows, known, by=["a", "b"], on="asked", time="known").collect()["x"].to_list() == [None, 7]


def test_lazy_frames_stay_lazy_and_records_are_frames_too() -> None:
    known = [{"key": "a", "known": START, "x": 1}]
    joined = as_of(frame([("a", 5, 0)], "asked", "row").lazy(), known, by="key", on="asked", time="known")
    assert isinstance(joined, pl.LazyFrame)
    assert joined.collect()["x"].to_list() == [1]


ONE = frame([("a", 1, 1)], "asked", "row")
OTHER = frame([("a", 1, 1)], "known", "x")


@pytest.mark.parametrize(
    ("rows", "features", "message"),
    [(ONE.drop("key"), OTHER, r"The rows lack \['key'\]"), (ONE.drop("asked"), OTHER, r"The rows lack \['asked'\]"),
     (ONE, OTHER.drop("key"), r"The features lack \['key'\]"), (ONE, OTHER.drop("known"), r"features lack \['known'\]"),
     (ONE, OTHER.rename({"x": "row"}), r"Rows and features both have \['row'\]; rename one side"),
     (ONE, OTHER.with_columns(known=pl.col("known").dt.date()), "moments compare only in one type"),
     (ONE, OTHER.with_columns(known=pl.col("known").dt.replace_time_zone("UTC")), "moments compare only in one type"),
     (ONE, OTHER.with_columns(key=pl.lit(1)), "'key' is String and Int32")],
)  # fmt: skip
def test_sides_that_do_not_fit_are_refused(rows: pl.DataFrame, features: pl.DataFrame, message: str) -> None:
    with pytest.raises(SchemaMismatch, match=message):
        as_of(rows, features, by="key", on="asked", time="known")


def test_a_wrong_within_is_refused() -> None:
    with pytest.raises(Misuse, match="'long' is not a length of time"):
        as_of(ONE, OTHER, by="key", on="asked", time="known", within="long")
