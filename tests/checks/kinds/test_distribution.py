"""Distributions against the past and against pinned versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.checks.kinds.conftest import Around

from trivium.checks.kinds.distribution import distribution, judge_distribution
from trivium.checks.partition import Partition
from trivium.errors import Misuse


def day(number: int, values: Any, dtype: pl.DataType | None = None) -> pl.DataFrame:
    column = pl.Series("x", values, dtype=dtype)
    return pl.DataFrame({"at": [datetime(2024, 1, number)] * column.len(), "x": column})  # noqa: DTZ001


def part(number: int, values: Any, dtype: pl.DataType | None = None) -> Partition:
    return Partition(f"2024-01-{number:02}", day(number, values, dtype))


def normal(seed: int, mean: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(mean, 1.0, 500)


@pytest.mark.parametrize(("distance", "at_most"), [("psi", 0.25), ("js", 0.2), ("ks", 0.15)])
def test_numbers_that_moved_fail_and_others_pass(around: Around, distance: str, at_most: float) -> None:
    check = distribution("x", distance, at_most)  # type: ignore[arg-type] # a parameter of the test
    past = around(day(1, normal(1)), day(2, normal(2)), time="at")
    assert judge_distribution(check, part(3, normal(3)), past).passed
    moved = judge_distribution(check, part(3, normal(3, mean=1.5)), past)
    assert not moved.passed
    assert "from 2024-01-01 to 2024-01-02, expected at most" in moved.message


@pytest.mark.parametrize("distance", ["psi", "js"])
def test_texts_that_are_mixed_otherwise_fail_and_say_which(around: Around, distance: str) -> None:
    past = around(day(1, ["a", "a", "b", "c"] * 25), time="at")
    check = distribution("x", distance, 0.2)  # type: ignore[arg-type] # a parameter of the test
    found = judge_distribution(check, part(2, ["a"] * 95 + ["b"] * 5), past)
    assert not found.passed
    assert "most changed: 'a', " in found.message
    assert judge_distribution(check, part(2, ["c", "a", "b", "a"] * 9), past).passed


def test_only_the_newest_partitions_of_the_window_and_none_after_are_compared_with(around: Around) -> None:
    past = around(day(1, [9.0] * 9), day(2, [1.0] * 9), day(3, [1.0] * 9), day(5, [9.0] * 9), time="at")
    found = judge_distribution(distribution("x", "ks", 0.1, last=2), part(4, [1.0] * 9), past)
    assert (found.passed, found.evidence["compared_with"], found.evidence["values"]) == (
        True, "2024-01-02 to 2024-01-03", 18,
    )  # fmt: skip


def test_partitions_of_the_same_commit_are_the_past_of_later_ones(around: Around) -> None:
    past = around(day(1, [1.0] * 9), time="at").extended(part(2, [5.0] * 9))
    assert judge_distribution(distribution("x", "ks", 0.1, last=1), part(3, [5.0] * 9), past).passed


def test_a_pinned_version_is_compared_with(around: Around) -> None:
    past = around(day(1, [1.0] * 9), day(2, [5.0] * 9), time="at")
    pinned = distribution("x", "ks", 0.1, version=1)
    assert judge_distribution(pinned, part(3, [1.0] * 9), past).passed
    assert not judge_distribution(pinned, part(3, [5.0] * 9), past).passed
    assert (
        "version 7 cannot be read"
        in judge_distribution(distribution("x", "ks", 0.1, version=7), part(3, [1.0]), past).message
    )


def test_a_table_without_event_time_is_compared_with_what_is_there(around: Around) -> None:
    rows = pl.DataFrame({"x": [1.0] * 9})
    found = judge_distribution(distribution("x", "ks", 0.5), Partition("all", pl.DataFrame({"x": [2.0]})), around(rows))
    assert (found.passed, found.observed) == (False, 1.0)


def test_without_a_past_it_passes(around: Around) -> None:
    found = judge_distribution(distribution("x", "psi", 0.2), part(1, [1.0]), around(time="at"))
    assert (found.passed, found.message) == (True, "`x`: there is nothing to compare with the past")


@pytest.mark.parametrize("values", [[], [None] * 5, [float("nan")] * 5])
def test_without_values_it_passes(around: Around, values: list[float | None]) -> None:
    past = around(day(1, [1.0, 2.0]), time="at")
    assert judge_distribution(distribution("x", "psi", 0.2), part(2, values, pl.Float64()), past).passed


@pytest.mark.parametrize("distance", ["psi", "js", "ks"])
def test_equal_values_and_infinities_have_a_distance(around: Around, distance: str) -> None:
    check = distribution("x", distance, 0.3)  # type: ignore[arg-type] # a parameter of the test
    past = around(day(1, [1.0] * 50), time="at")
    assert judge_distribution(check, part(2, [1.0] * 50), past).passed
    below = judge_distribution(check, part(2, [0.5] * 50), past)
    above = judge_distribution(check, part(2, [float("inf")] * 50), past)
    assert not below.passed
    assert not above.passed


def test_a_column_of_another_kind_of_type_fails_in_words(around: Around) -> None:
    past = around(day(1, [1.0, 2.0]), time="at")
    found = judge_distribution(distribution("x", "psi", 0.3), part(2, ["1.0", "2.0"]), past)
    assert not found.passed
    assert "String cannot be compared with the Float64 before" in found.message


def test_what_has_no_distance_fails_in_words(around: Around) -> None:
    past = around(day(1, ["a"]), time="at")
    assert "ks compares numbers" in judge_distribution(distribution("x", "ks", 0.3), part(2, ["a"]), past).message
    assert "has no distance" in judge_distribution(distribution("x", "js", 0.3), part(2, [[1]]), past).message


def test_a_column_that_is_new_has_no_past(around: Around) -> None:
    past = around(day(1, [1.0]).drop("x"), time="at")
    assert judge_distribution(distribution("x", "psi", 0.3), part(2, [1.0]), past).passed


def test_a_million_distinct_texts_are_compared(around: Around) -> None:
    texts = pl.int_range(1_000_000, eager=True).cast(pl.String)
    found = judge_distribution(distribution("x", "js", 0.3), part(2, texts), around(day(1, texts), time="at"))
    assert found.passed


def test_long_texts_are_cut_in_what_is_told(around: Around) -> None:
    past = around(day(1, ["x" * 10_000_000, "y"]), time="at")
    found = judge_distribution(distribution("x", "js", 0.1), part(2, ["y", "y"]), past)
    assert not found.passed
    assert len(found.message) < 500


def test_values_about_persons_are_not_told(around: Around) -> None:
    past = around(day(1, ["ann", "bob"]), time="at", pii=("x",))
    found = judge_distribution(distribution("x", "js", 0.1), part(2, ["bob", "bob"]), past)
    assert "bob" not in repr(found)


def test_at_most_a_million_values_of_the_past_are_read(around: Around) -> None:
    many = pl.int_range(2_500_000, eager=True).cast(pl.Float64)
    found = judge_distribution(distribution("x", "ks", 0.01), part(2, many), around(day(1, many), time="at"))
    assert (found.passed, found.evidence["values"]) == (True, 833_334)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: distribution("x", "mean", 0.1),  # type: ignore[arg-type] # what is refused
        lambda: distribution("x", "ks", 1.0),
        lambda: distribution("x", "psi", 0.0),
        lambda: distribution("x", "js", float("nan")),
        lambda: distribution("x", "ks", 0.1, last=0),
        lambda: distribution("x", "ks", 0.1, last=3, version=2),
    ],
)
def test_a_declaration_that_cannot_mean_anything_is_misuse(declare: object) -> None:
    assert callable(declare)
    with pytest.raises(Misuse):
        declare()
