"""What changed between two versions."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import trivium as tv
from trivium.store.store import Store
from trivium.tables.compact import compact_table
from trivium.tables.diff import compare_rows

PEOPLE = tv.Table("people", key="id", watch="off")


def people(*rows: tuple[int, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String}, orient="row")


def test_rows_are_compared_by_key(store: Store) -> None:
    PEOPLE.append(people((1, "ada"), (2, "bob"), (3, None)), store=store)
    PEOPLE.upsert(people((2, "bert"), (4, "dan")), store=store)
    PEOPLE.delete("id = 1", store=store)
    diff = PEOPLE.diff(1, store=store)
    assert (diff.rows_added, diff.rows_removed, diff.rows_changed) == (1, 1, 1)
    assert diff.examples == {"added": [{"id": 4}], "removed": [{"id": 1}], "changed": [{"id": 2}]}
    back = PEOPLE.diff(3, 1, store=store)
    assert (back.rows_added, back.rows_removed, back.rows_changed) == (1, 1, 1)


def test_being_carried_by_other_files_is_no_change(store: Store) -> None:
    for number in range(3):
        PEOPLE.append(people((number, "x")), store=store)
    compact_table(store, "people")
    PEOPLE.upsert(people((0, "x")), store=store)
    diff = PEOPLE.diff(3, store=store)
    assert (diff.rows_added, diff.rows_removed, diff.rows_changed) == (0, 0, 0)


def test_columns_that_look_different_are_named_with_what_they_look_like(store: Store) -> None:
    numbers = tv.Table("numbers", watch="off")
    numbers.append(pl.DataFrame({"n": [1.0, 3.0], "same": [5, 5]}), store=store)
    numbers.overwrite(pl.DataFrame({"n": [1.0, None], "same": [5, 5]}), store=store)
    (shift,) = numbers.diff(1, store=store).columns_shifted
    assert (shift.name, shift.before["mean"], shift.after["nulls"]) == ("n", 2.0, 0.5)


ROWS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=8)


@given(ROWS, ROWS)
def test_without_a_key_rows_are_compared_whole_and_counted(
    before: list[tuple[int, str | None]], after: list[tuple[int, str | None]]
) -> None:
    changes = compare_rows(people(*before), people(*after), ())
    more, less = list(after), list(before)
    for row in before:
        if row in more:
            more.remove(row)
    for row in after:
        if row in less:
            less.remove(row)
    key = lambda row: (row[0], row[1] or "")  # noqa: E731
    assert sorted(changes.added.rows(), key=key) == sorted(more, key=key)
    assert sorted(changes.removed.rows(), key=key) == sorted(less, key=key)
