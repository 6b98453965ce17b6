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
from trivium.store.store import Store
from trivium.tables.as_of import as_of
from trivium.tables.features import Features
from trivium.tables.table import Table

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


Fact = tuple[str | None, int | None, int | None, int]
FACTS = st.lists(st.tuples(KEYS, MINUTES, MINUTES, st.integers(0, 999)), max_size=25)
MOMENTS: list[Any] = [pl.Int32, pl.Date, pl.Datetime("ns"), pl.Datetime("us", "Asia/Tokyo"), pl.Datetime("ms")]
KEY_TYPES: list[Any] = [pl.String, pl.Categorical, pl.Enum(["a", "b", "c"]), pl.Binary]


def facts(rows: Sequence[Fact], key: Any, moment: Any) -> pl.DataFrame:
    named: dict[str, Any] = {"id": pl.String, "at": pl.Int32, "known": pl.Int32, "x": pl.Int64}
    frame = pl.DataFrame(rows, schema=named, orient="row").with_columns(pl.col("id").cast(key))
    return frame.with_columns(moments_of(name, moment) for name in ("at", "known"))


def moments_of(name: str, moment: Any) -> pl.Expr:
    if moment in {pl.Int32, pl.Date}:
        return pl.col(name).cast(moment)
    steps = {"ns": 60_000_000_000, "us": 60_000_000, "ms": 60_000}[moment.time_unit]
    return (pl.col(name).cast(pl.Int64) * steps).cast(moment)


def newest_known(rows: Sequence[Row], features: Sequence[Fact], within: int | None) -> list[int | None]:
    """For each row, of all features of its key that had happened and were known, the one that happened last."""
    found: list[int | None] = []
    for key, now, _ in rows:
        happened = [
            (at, known, place, value)
            for place, (other, at, known, value) in enumerate(features)
            if key is not None and now is not None and at is not None and known is not None
            and other == key and at <= now and known <= now
        ]  # fmt: skip
        at, _known, _place, value = max(happened) if happened else (None, None, None, None)
        young = at is not None and now is not None and (within is None or now - at <= within)
        found.append(value if young else None)
    return found


@settings(deadline=None, max_examples=300)
@given(
    ROWS, st.tuples(FACTS, FACTS), st.tuples(st.sampled_from(MOMENTS), st.sampled_from(KEY_TYPES)),
    st.one_of(st.none(), st.integers(0, 20)), st.booleans(),
)  # fmt: skip
def test_of_several_tables_each_row_gets_the_newest_that_was_known(
    rows: list[Row], known: tuple[list[Fact], list[Fact]], types: Any, within: int | None, guarded: bool
) -> None:
    (first, second), (moment, key) = known, types
    left = pl.DataFrame(rows, schema={"key": pl.String, "asked": pl.Int32, "row": pl.Int64}, orient="row")
    left = left.with_columns(pl.col("key").cast(key), moments_of("asked", moment))
    length = None if within is None or moment == pl.Int32 else f"{within}{'d' if moment == pl.Date else 'm'}"
    joined = as_of(
        left,
        {
            "first": Features(facts(first, key, moment), columns=["x"], by={"id": "key"}, prefix="first_",
                              known="known" if guarded else None),
            "second": Features(facts(second, key, moment), by={"id": "key"}, known="known", within=length),
        },
        on="asked", time="at",
    ).collect()  # fmt: skip
    unguarded = [(key, at, at, value) for key, at, _, value in first]
    assert joined.select(left.columns).equals(left)
    assert joined["first_x"].to_list() == newest_known(rows, first if guarded else unguarded, None)
    assert joined["x"].to_list() == newest_known(rows, second, within if length else None)
    assert joined.columns == ["key", "asked", "row", "first_x", "x"]


def known_at(minute: int, *facts: tuple[int, int, int]) -> Any:
    rows = pl.DataFrame({"id": ["a"], "asked": [minute]})
    features = pl.DataFrame([("a", *fact) for fact in facts], schema=["id", "at", "known", "x"], orient="row")
    return as_of(rows, features, by="id", on="asked", time="at", known="known").collect()["x"].item()


def test_a_feature_counts_from_when_it_became_known() -> None:
    assert known_at(5, (1, 6, 10)) is None
    assert known_at(6, (1, 6, 10)) == 10


def test_an_old_feature_that_became_known_late_does_not_hide_a_newer_one() -> None:
    assert known_at(9, (2, 2, 20), (1, 8, 10)) == 20


def test_a_correction_counts_once_it_is_known() -> None:
    assert [known_at(now, (1, 1, 10), (1, 7, 11)) for now in (6, 7)] == [10, 11]


def test_the_age_of_a_feature_counts_from_its_event_not_from_when_it_was_known() -> None:
    rows = pl.DataFrame({"id": ["a"], "asked": [START + timedelta(hours=5)]})
    features = pl.DataFrame({"id": ["a"], "at": [START], "known": [START + timedelta(hours=4)], "x": [1]})
    joined = [
        as_of(rows, features, by="id", on="asked", time="at", known="known", within=within).collect()["x"].item()
        for within in ("4h", "5h")
    ]
    assert joined == [None, 1]


def test_a_declared_table_brings_its_key_and_its_time(store: Store) -> None:
    weather = Table("weather", key="origin", time="observed_at", watch="off")
    weather.append(pl.DataFrame({"origin": ["JFK", "JFK"], "observed_at": [START, START + timedelta(hours=2)],
                                 "temp": [1.0, 2.0], "wind": [5, 6]}))  # fmt: skip
    planes = Table("planes", key="tail", time="built", watch="off")
    planes.append(pl.DataFrame({"tail": ["N1"], "built": [START], "temp": [70.0]}))
    rows = pl.DataFrame({"origin": ["JFK", "JFK", "EWR"], "plane": ["N1", "N2", "N1"],
                         "at": [START + timedelta(hours=hour) for hour in (3, 1, 1)]})  # fmt: skip
    joined = as_of(
        rows, {"weather": weather, "planes": Features(planes, by={"tail": "plane"}, prefix="plane_")}, on="at"
    ).collect()
    assert joined.drop(rows.columns).to_dict(as_series=False) == {
        "temp": [2.0, 1.0, None], "wind": [6, 5, None], "plane_temp": [70.0, None, 70.0],
    }  # fmt: skip
    assert as_of(rows, weather, on="at").collect()["temp"].to_list() == [2.0, 1.0, None]


def test_a_mapping_of_columns_is_one_frame() -> None:
    known = {"key": pl.Series(["a"]), "known": pl.Series([START]), "x": [1]}
    joined = as_of(frame([("a", 5, 0)], "asked", "row"), known, by="key", on="asked", time="known")
    assert joined.collect()["x"].to_list() == [1]


def test_no_tables_add_nothing() -> None:
    assert as_of(ONE, {}, on="asked").collect().equals(ONE)


def test_asked_columns_may_include_the_moment_of_the_feature() -> None:
    source = Features(OTHER, columns=["known"], by="key", time="known", prefix="feature_")
    assert as_of(ONE, source, on="asked").collect()["feature_known"].to_list() == OTHER["known"].to_list()


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [({"w": Features(OTHER, columns=["y"], by="key", time="known")}, SchemaMismatch, r"features of 'w' lack \['y'\]"),
     ({"w": OTHER, "v": OTHER}, SchemaMismatch, r"Rows and features of 'v' both have \['x'\]; .*give a `prefix`"),
     ({"w": Features(OTHER, by={"key": "id"})}, SchemaMismatch, r"The rows lack \['id'\] for the join"),
     ({"w": Features(OTHER, known="row")}, SchemaMismatch, r"features of 'w' lack \['row'\]"),
     ({"w": Features(OTHER, known="x")}, SchemaMismatch, "'x' is Int64; moments compare only in one type, unit and"),
     (Features(Table("t", key="key")), Misuse, "name an event time"),
     (Features(Table("t", time="at")), Misuse, "name a key")],
)  # fmt: skip
def test_features_that_do_not_fit_are_refused_by_name(features: Any, error: Any, message: str) -> None:
    named = isinstance(features, dict)
    with pytest.raises(error, match=message):
        as_of(ONE, features, on="asked", by="key" if named else None, time="known" if named else None)


def test_rows_without_a_moment_to_compare_are_refused() -> None:
    with pytest.raises(SchemaMismatch, match="'key' is String; a moment is a date, a datetime or an integer"):
        as_of(ONE, OTHER, on="key", by="key", time="known")


def test_a_length_of_time_means_nothing_among_integers() -> None:
    rows = pl.DataFrame({"key": ["a"], "asked": [1]})
    with pytest.raises(Misuse, match="`within` is a length of time, but 'asked' is Int64"):
        as_of(rows, rows.rename({"asked": "at"}), on="asked", by="key", time="at", within="6h")


def test_a_table_that_is_only_named_is_joined_as_it_was_declared(store: Store) -> None:
    declared = Table("weather", key="origin", time="observed_at", watch="off")
    declared.append(pl.DataFrame({"origin": ["JFK"], "observed_at": [START], "temp": [1.0]}))
    rows = pl.DataFrame({"origin": ["JFK"], "at": [START]})
    assert as_of(rows, Table("weather"), on="at").collect()["temp"].to_list() == [1.0]
    with pytest.raises(Misuse, match="The features declare no key, so name a key"):
        as_of(rows, Table("other"), on="at")


def test_a_version_of_a_table_brings_what_was_known_then(store: Store) -> None:
    weather = Table("weather", key="origin", time="observed_at", watch="off")
    for number in (1.0, 2.0):
        weather.append(pl.DataFrame({"origin": ["JFK"], "observed_at": [START], "temp": [number]}))
    rows = pl.DataFrame({"origin": ["JFK"], "at": [START]})
    joined = as_of(rows, {"then": Features(weather.at(1), prefix="old_"), "now": weather}, on="at").collect()
    assert joined.drop(rows.columns).to_dict(as_series=False) == {"old_temp": [1.0], "temp": [2.0]}
