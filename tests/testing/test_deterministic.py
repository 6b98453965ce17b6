"""Tasks that give the same, and tasks that only seem to."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, UnsupportedValue
from trivium.store.store import Store
from trivium.testing import assert_deterministic

WORDS = [f"word {number}" for number in range(50)]
CALLS = count()
rows_of = tv.Table("rows_of", watch="off")


@dataclass
class Pair:
    left: int
    right: float


@tv.task
def steady(rows: pl.LazyFrame, factor: float = 2.0) -> pl.LazyFrame:
    return rows.with_columns(pl.col("x") * factor)


@tv.task
def drawn(rows: pl.DataFrame) -> pl.DataFrame:
    values = rows["x"].to_list()
    values[7] = random.random()
    return rows.with_columns(pl.Series("x", values))


@tv.task
def shuffled(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sample(fraction=1.0, shuffle=True)


@tv.task
def kept_in(file: Path) -> tuple[str, bool]:
    return str(file), file.exists()


@tv.task
def by_hash(words: list[str]) -> list[str]:
    return list(set(words))


@tv.task
def two(n: int) -> tuple[int, list[float]]:
    return n, [0.0, float(next(CALLS))]


@tv.task
def greedy(numbers: list[int]) -> int:
    return numbers.pop()


@tv.task
def growing(n: int) -> pl.DataFrame:
    return pl.DataFrame({"n": range(n + next(CALLS))})


@tv.task
def structured(n: int) -> Pair:
    return Pair(n, 0.5)


@tv.task
def writing(n: int) -> int:
    rows_of.append([{"n": n}])
    return n


@tv.task
def fails_elsewhere(n: int) -> int:
    if next(CALLS) == 0:
        raise ValueError("first call of this process")
    return n


def plain(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values * 2


def frame() -> pl.DataFrame:
    return pl.DataFrame({"x": [float(n) for n in range(10)]})


def test_a_task_that_gives_the_same_passes() -> None:
    assert_deterministic(steady, frame(), factor=3.0)
    assert_deterministic(structured, 3)
    assert_deterministic(plain, np.arange(4.0))


def test_chance_is_found_with_its_column_and_row() -> None:
    with pytest.raises(AssertionError, match=r"'drawn'.*call 2 differs.*\n.*column 'x', row 7: 0\.\d+, then 0"):
        assert_deterministic(drawn, frame())


def test_another_order_of_the_same_rows_is_called_so() -> None:
    with pytest.raises(AssertionError, match="the rows are the same in another order"):
        assert_deterministic(shuffled, frame())


def test_an_order_by_hash_is_found_in_the_fresh_process() -> None:
    with pytest.raises(AssertionError, match=r"(?s)differs in a fresh process.*its output\[\d+\]: 'word \d+', then"):
        assert_deterministic(by_hash, WORDS)


def test_the_output_that_differs_is_named() -> None:
    with pytest.raises(AssertionError, match=r"output 1\[1\]: \d+\.0, then \d+\.0"):
        assert_deterministic(two, 3)


def test_another_number_of_rows_is_told() -> None:
    with pytest.raises(AssertionError, match=r"its output, \d+ rows, then \d+"):
        assert_deterministic(growing, 3)


def test_each_call_has_its_own_arguments() -> None:
    numbers = [1, 2, 3]
    assert_deterministic(greedy, numbers)
    assert numbers == [1, 2, 3]


def test_a_table_is_read_as_the_task_annotates(store: Store) -> None:
    rows_of.append(frame())
    assert_deterministic(steady, rows_of)


def test_what_a_task_writes_stays_out_of_the_project(store: Store) -> None:
    assert_deterministic(writing, 3)
    assert store.catalog.tables.list_specs() == []


def test_a_failure_that_only_another_process_has_is_told() -> None:
    next(CALLS)
    with pytest.raises(AssertionError, match=r"(?s)fails in a fresh process.*first call of this process"):
        assert_deterministic(fails_elsewhere, 1)


def test_what_cannot_be_judged_is_told() -> None:
    def inner(n: int) -> int:
        return n

    with pytest.raises(Misuse, match="define it at the top of a module"):
        assert_deterministic(inner, 1)
    with pytest.raises(Misuse, match="compares nothing"):
        assert_deterministic(steady, frame(), times=1)
    with pytest.raises(UnsupportedValue, match="What task 'steady' is given"):
        assert_deterministic(steady, object())


@pytest.mark.parametrize("there", [True, False])
def test_a_path_is_given_as_a_run_gives_it(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "rows.csv").write_text("1")
    assert_deterministic(kept_in, tmp_path / "rows.csv")
