"""Splits by time, by group and by key: stable, disjoint, of the asked share, and without leakage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.errors import Leakage, Misuse, SchemaMismatch
from trivium.tables.leakage import refuse_leakage
from trivium.tables.share import share_of
from trivium.tables.split import divide_rows, make_rule

Readings = Callable[..., pl.DataFrame]
DAYS = [f"2024-01-0{day} 12:00:00" for day in range(1, 10)]
NEW_YEAR = datetime(2024, 1, 1)  # noqa: DTZ001 # a wall clock
PINNED_ONE = [0.8501739157238523, 0.4690407124164073]
PINNED_TWO = [0.507045935768656, 0.7015597222822371]
KEYS = st.lists(st.text(max_size=8) | st.integers().map(str), min_size=2, max_size=60)


@settings(max_examples=60, deadline=None)
@given(KEYS, KEYS, st.integers(0, 3))
def test_a_row_never_changes_side_when_rows_come_or_go(first: list[str], more: list[str], seed: int) -> None:
    before = share_of(pl.DataFrame({"k": first}), ["k"], seed).to_list()
    after = share_of(pl.DataFrame({"k": more + first[::-1]}), ["k"], seed).to_list()
    assert after[len(more) :][::-1] == before
    assert all(0 <= place < 1 for place in before)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=30, max_size=200), st.floats(0.1, 0.9), st.integers(0, 5))
def test_a_group_is_on_one_side_and_every_row_on_some(groups: list[int], share: float, seed: int) -> None:
    rows = pl.DataFrame({"customer": groups, "row": range(len(groups))})
    try:
        past, exam = divide_rows(rows, make_rule(share=share, by="customer", seed=seed))
    except Misuse as error:
        assert "are all on one side" in str(error)  # noqa: PT017 # few groups may all fall on one side, which is said
        return
    assert not set(past["customer"]) & set(exam["customer"])
    assert sorted([*past["row"], *exam["row"]]) == list(range(len(groups)))
    assert past["row"].is_sorted()
    assert exam["row"].is_sorted()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_share_is_as_asked_up_to_chance(share: float) -> None:
    places = share_of(pl.DataFrame({"k": range(20_000)}), ["k"])
    spread = (share * (1 - share) / 20_000) ** 0.5
    assert abs((places < share).mean() - share) < 4 * spread  # type: ignore[operator] # a mean of booleans


def test_a_smaller_share_is_part_of_a_larger_one_and_another_seed_is_another_choice() -> None:
    rows = pl.DataFrame({"k": range(1000)})
    _, small = divide_rows(rows, make_rule(share=0.1, key="k"))
    _, large = divide_rows(rows, make_rule(share=0.3, key="k"))
    _, other = divide_rows(rows, make_rule(share=0.1, key="k", seed=1))
    assert set(small["k"]) < set(large["k"])
    assert len(set(small["k"]) & set(other["k"])) < 40


def test_places_are_the_same_for_ever() -> None:
    rows = pl.DataFrame({"a": [7, 8], "b": ["x", "y"]})
    assert share_of(rows, ["a"]).to_list() == PINNED_ONE
    assert share_of(rows, ["a", "b"], 3).to_list() == PINNED_TWO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series([7, 8]), pl.Series(["7", "8"])),
        (pl.Series([7, 8], dtype=pl.UInt8), pl.Series([7, 8], dtype=pl.Int64)),
        (pl.Series(["a", "b"], dtype=pl.Categorical), pl.Series(["a", "b"])),
        (pl.Series([NEW_YEAR] * 2, dtype=pl.Datetime("ms")),
         pl.Series([NEW_YEAR.replace(tzinfo=UTC)] * 2, dtype=pl.Datetime("ns", "UTC"))),
        (pl.Series([NEW_YEAR.replace(tzinfo=UTC)] * 2, dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(
            "Asia/Tokyo"), pl.Series([NEW_YEAR] * 2)),
    ],
)  # fmt: skip
def test_the_place_of_a_key_does_not_depend_on_how_it_is_stored(one: pl.Series, other: pl.Series) -> None:
    assert share_of(one.to_frame("k"), ["k"]).to_list() == share_of(other.to_frame("k"), ["k"]).to_list()


def test_two_columns_do_not_run_into_each_other() -> None:
    rows = pl.DataFrame({"a": ["1", "11"], "b": ["11", "1"]})
    first, second = share_of(rows, ["a", "b"]).to_list()
    assert first != second


@pytest.mark.parametrize("values", [[0.5, 1.5], [[1], [2]], [b"a", b"b"]])
def test_what_has_no_one_spelling_is_no_key(values: list[object]) -> None:
    with pytest.raises(Misuse, match="whole numbers, text or times"):
        share_of(pl.DataFrame({"k": values}), ["k"])


def test_a_row_without_a_group_is_on_no_side() -> None:
    with pytest.raises(SchemaMismatch, match="1 of 2 rows have no 'k'"):
        share_of(pl.DataFrame({"k": [1, None]}), ["k"])


def test_the_exam_is_what_lies_after_a_moment(readings: Readings) -> None:
    rows = readings(list(range(1, 10)), DAYS)
    past, exam = divide_rows(rows, make_rule(after="2024-01-07T12:00"))
    assert (past["id"].to_list(), exam["id"].to_list()) == ([1, 2, 3, 4, 5, 6, 7], [8, 9])
    zoned = rows.with_columns(pl.col("at").dt.replace_time_zone("UTC"))
    assert divide_rows(zoned, make_rule(after="2024-01-07T13:00+01:00"))[1]["id"].to_list() == [8, 9]
    dated = rows.with_columns(pl.col("at").dt.date())
    assert divide_rows(dated, make_rule(after=date(2024, 1, 7).isoformat()))[1]["id"].to_list() == [8, 9]


def test_a_moment_after_or_before_everything_is_refused(readings: Readings) -> None:
    rows = readings([1, 2], DAYS[:2])
    with pytest.raises(Misuse, match="All 2 rows are not after 2025-01-01T00:00:00, so nothing is left for the exam"):
        divide_rows(rows, make_rule(after="2025-01-01"))
    with pytest.raises(Misuse, match="nothing is left to learn from"):
        divide_rows(rows, make_rule(after="2023-01-01"))


@pytest.mark.parametrize(
    ("words", "story"),
    [
        ({}, "one of latest=, after= and share="),
        ({"latest": "3d", "after": "2024-01-01"}, "this one has latest, after"),
        ({"share": 0.2}, "which rows belong together"),
        ({"share": 1.0, "by": "k"}, "between 0 and 1, not 1.0"),
        ({"after": "soon"}, "'soon' is not a moment"),
        ({"latest": "soon"}, "not a length of time"),
    ],
)
def test_words_that_mean_no_split_are_refused(words: dict[str, object], story: str) -> None:
    with pytest.raises(Misuse, match=story):
        make_rule(**words)  # type: ignore[arg-type]


def test_a_key_on_both_sides_is_refused_with_an_example(readings: Readings) -> None:
    rows = readings([1, 2, 3, 4, 5, 6, 7, 2, 9], DAYS)
    with pytest.raises(Leakage, match=r"The key id is on both sides: 1 values, such as id=2, so 1 of 3 rows"):
        divide_rows(rows, make_rule(latest="3d", key="id"))


def test_a_group_on_both_sides_of_a_split_by_time_is_refused(readings: Readings) -> None:
    rows = readings(list(range(1, 10)), DAYS, customer=["a", "b", "c"] * 3)
    with pytest.raises(Leakage, match="The group customer is on both sides: 3 values, such as customer='a'"):
        divide_rows(rows, make_rule(latest="3d", by="customer"))
    alone = rows.with_columns(customer=pl.col("id"))
    assert divide_rows(alone, make_rule(latest="3d", by="customer"))[1].height == 3


def test_a_key_in_two_groups_is_refused(readings: Readings) -> None:
    rows = pl.DataFrame({"id": [*range(40), *range(40)], "customer": range(80)})
    with pytest.raises(Leakage, match="The key id"):
        divide_rows(rows, make_rule(share=0.5, by="customer", key="id"))


def test_sides_that_overlap_in_time_are_refused(readings: Readings) -> None:
    rows = readings(list(range(1, 10)), DAYS)
    refuse_leakage(rows[:6], rows[6:], key=["id"], time="at")
    with pytest.raises(Leakage, match="The sides overlap in 'at': 1 of 6 rows to learn from are not before 2024-01-06"):
        refuse_leakage(rows[:6], rows[5:], time="at")


def test_an_unknown_key_is_not_the_same_as_another(readings: Readings) -> None:
    rows = readings([1, 2], DAYS[:2]).with_columns(k=pl.lit(None, dtype=pl.Int64))
    refuse_leakage(rows[:1], rows[1:], key=["k"])
    with pytest.raises(SchemaMismatch, match="no column 'nope'"):
        refuse_leakage(rows[:1], rows[1:], key=["nope"])
