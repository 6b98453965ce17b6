from __future__ import annotations

import polars as pl

from trivium.pipelines.frame_difference import ColumnDifference, FrameDifference, compare_frames

ROWS = pl.DataFrame({"id": [1, 2, 3], "score": [0.5, None, float("nan")], "word": ["a", "b", "c"]})


def told(again: pl.DataFrame) -> str:
    found = compare_frames(ROWS, again)
    return found.tell() if found else ""


def test_equal_frames_have_no_difference_and_nan_and_missing_values_equal_themselves() -> None:
    assert compare_frames(ROWS, ROWS.clone()) is None


def test_a_column_is_told_with_its_rows_and_the_largest_difference() -> None:
    again = ROWS.with_columns(score=pl.Series([0.25, 1.0, float("nan")]), word=pl.Series(["a", "b", "d"]))
    found = compare_frames(ROWS, again)
    assert found == FrameDifference(
        rows=3,
        columns=(
            ColumnDifference("score", 2, 0.25, "row 0: 0.5, now 0.25"),
            ColumnDifference("word", 1, None, "row 2: 'c', now 'd'"),
        ),
    )


def test_the_same_rows_in_another_order_are_told_as_that() -> None:
    assert told(ROWS.reverse()) == "the same rows in another order"


def test_other_columns_types_and_numbers_of_rows_are_told() -> None:
    assert told(ROWS.head(2)) == "3 rows, now 2"
    assert told(ROWS.drop("word").with_columns(more=1)) == "without column word; with a new column more"
    assert told(ROWS.select("word", "id", "score")) == "columns in another order"
    assert told(ROWS.with_columns(pl.col("id").cast(pl.Int32))) == "column id in 3 of 3 rows (Int64, now Int32)"


def test_lists_in_a_column_are_compared_as_a_whole() -> None:
    recorded = pl.DataFrame({"words": [["a"], ["b", "c"], []]})
    found = compare_frames(recorded, pl.DataFrame({"words": [["a"], ["c", "b"], []]}))
    assert found is not None
    assert [(each.column, each.rows) for each in found.columns] == [("words", 1)]


def test_frames_without_rows_are_compared() -> None:
    assert compare_frames(ROWS.clear(), ROWS.clear()) is None
    assert told(ROWS.clear()) == "3 rows, now 0"
