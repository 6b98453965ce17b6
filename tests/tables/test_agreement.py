"""Agreement, against the values that its inventors published."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from trivium.tables.agreement import cohen_kappa, krippendorff_alpha, measure_agreement

GAP = "."


def table(counts: list[list[int]]) -> tuple[list[int], list[int]]:
    """Two people's answers with these counts: a row for each value of the first, a column for each of the second."""
    pairs = [pair for pair in product(range(len(counts)), repeat=2) for _ in range(counts[pair[0]][pair[1]])]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def units(*observers: str) -> list[list[str]]:
    """The values of each row, of observers' answers written one character a row."""
    return [[value for value in column if value != GAP] for column in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ([[25, 13, 12], [12, 2, 16], [3, 15, 2]], (0.29 - 0.35) / (1 - 0.35)),  # Cohen 1960, table 1
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], (0.70 - 0.41) / (1 - 0.41)),  # by hand: 140/200, 16400/40000
        ([[20, 5], [10, 15]], 0.4),  # by hand: (0.7 - 0.5) / (1 - 0.5)
        ([[5, 0], [0, 5]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
    ],
)
def test_kappa_is_as_published(counts: list[list[int]], kappa: float) -> None:
    assert cohen_kappa(*table(counts)) == pytest.approx(kappa)


@pytest.mark.parametrize(
    ("observers", "alpha"),
    [
        # Krippendorff 2011, examples A, B and C
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_is_as_published(observers: tuple[str, ...], alpha: float) -> None:
    assert krippendorff_alpha(units(*observers)) == pytest.approx(alpha, abs=0.0005)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_kappa_is_that_of_another_implementation_and_alpha_follows_from_the_pairs(pairs: list[tuple[str, str]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    kappa, alpha = cohen_kappa(first, second), krippendorff_alpha(pairs)
    if kappa is None:
        assert set(first) == set(second)
        assert len(set(first)) == 1
        assert alpha is None
        return
    assert kappa == pytest.approx(cohen_kappa_score(first, second))
    values, n = first + second, 2 * len(pairs)
    observed = 2 * sum(a != b for a, b in pairs) / n
    expected = sum(a != b for a in values for b in values) / (n * (n - 1))
    assert alpha == pytest.approx(1 - observed / expected)


def test_rows_that_say_nothing_give_nothing() -> None:
    assert krippendorff_alpha([["a"], []]) is None
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None
    assert cohen_kappa([], []) is None
    nobody = pl.DataFrame(schema={"id": pl.Int64, "annotator": pl.String, "value": pl.String})
    found = measure_agreement(nobody, ["id"])
    assert (found.rows, found.share, found.alpha, found.kappas, found.kappa) == (0, None, None, {}, None)


def test_the_agreement_of_a_table_names_each_two_annotators() -> None:
    given = [(1, "ada", "x"), (1, "bo", "x"), (2, "ada", "y"), (2, "bo", "x"), (3, "ada", "y"), (4, "cy", "x")]
    found = measure_agreement(pl.DataFrame(given, schema=["id", "annotator", "value"], orient="row"), ["id"])
    assert (found.annotators, found.rows, found.share) == (("ada", "bo", "cy"), 2, 0.5)
    assert found.kappas == {"ada, bo": 0.0}
    assert found.kappa is None
    assert found.alpha == krippendorff_alpha([["x", "x"], ["y", "x"]]) == 0.0
