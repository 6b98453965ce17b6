"""Scalars of a text column, computed on its distinct values and weighted by how often they occur."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trivium.checks.letters import LONGEST, Counts, Letters, read_letters
from trivium.checks.order import describe_runs, describe_sorting, fingerprint

WORDS = re.compile(r"(?:[Aa9]+[ ,.&'/+-]*){4,}")
NUMBER = r"^[+-]?\d+(\.\d+)?$"
NUMBERS = frozenset(f"{sign}{digits}" for sign in ("", "+", "-") for digits in ("9", "9.9"))
SHAPES = 60
PRINTED = 100_000


def as_ranks(dense: pl.Series) -> Counts:
    """The places of texts among the different ones, from 0. dense: (n,) polars' dense ranks, from 1."""
    return dense.to_numpy().astype(np.int64) - 1


def count_texts(values: pl.Series, ranks: Counts) -> tuple[pl.Series, Counts]:
    """The different texts in their order, and how often each occurs. ranks: (n,) from `as_ranks`.

    >>> texts = pl.Series(["b", "a", "b"])
    >>> different, counts = count_texts(texts, as_ranks(texts.rank("dense")))
    >>> different.to_list(), counts.tolist()
    (['a', 'b'], [1, 2])
    """
    counts = np.bincount(ranks)
    places = np.empty(counts.size, np.int64)
    places[ranks] = np.arange(ranks.size)
    return values[places], counts


def describe_texts(values: pl.Series, weights: Counts) -> tuple[dict[str, float], dict[str, float]]:
    """Length, letters, repetition; and the 60 most frequent shapes with their shares.

    values: (n,) different texts, n >= 1. weights: (n,) how often each occurs. A shape is a value's form (see
    `letters`), four or more words in it as "…".

    >>> describe_texts(pl.Series(["AB-12", "CD-7", "e f"]), np.array([2, 1, 1]))[1]
    {'A-9': 0.75, 'a a': 0.25}
    """
    texts = values.to_list()
    lengths = np.array([len(text) for text in texts])
    letters = read_letters(texts, lengths)
    facts = {
        "length_mean": float(lengths @ weights / weights.sum()),
        "length_minimum": float(lengths.min()),
        "length_maximum": float(lengths.max()),
        **describe_repetition(weights),
        **describe_letters(letters, lengths, weights),
        "number_rate": int(weights[_are_numbers(values, letters, lengths)].sum()) / int(weights.sum()),
    }
    return facts, list_shapes(letters.forms, weights)


def describe_repetition(weights: Counts) -> dict[str, float]:
    """How many values there are, and how evenly they occur. weights: (n,) how often each does."""
    share = np.sort(weights) / weights.sum()  # in order, for a sum that is the same each time
    return {
        "distinct": float(share.size),
        "top_share": float(share[-1]),
        "entropy": float(-(share * np.log(share)).sum()),
    }


def describe_letters(letters: Letters, lengths: Counts, weights: Counts) -> dict[str, float]:
    """The shares of values that are written in a way, and of characters that are of a kind, of those that exist."""
    total, characters = int(weights.sum()), int(lengths @ weights)
    rates = {
        "blank_rate": letters.space == lengths,
        "padded_rate": letters.padded,
        "upper_rate": (letters.upper > 0) & (letters.lower == 0),
        "lower_rate": (letters.lower > 0) & (letters.upper == 0),
        "foreign_rate": letters.foreign > 0,
    }
    shares = {
        "upper_share": letters.upper,
        "lower_share": letters.lower,
        "digit_share": letters.digit,
        "space_share": letters.space,
        "foreign_share": letters.foreign,
    }
    facts = {name: int(weights[where].sum()) / total for name, where in rates.items()}
    return facts | ({name: int(many @ weights) / characters for name, many in shares.items()} if characters else {})


def describe_text_order(values: pl.Series, ranks: Counts) -> dict[str, float]:
    """Repetition and order along the rows, as for numbers; the fingerprint is of the first 100,000 values.

    ranks: (n,) from `as_ranks`.
    """
    if len(values) < 2:
        return {}
    places = ranks.astype(np.float64)
    printed = "\0".join(values.head(PRINTED).to_list()).encode()
    return describe_runs(places) | describe_sorting(places) | {"fingerprint": fingerprint(printed)}


def list_shapes(forms: list[str], weights: Counts) -> dict[str, float]:
    """The 60 most frequent shapes and their shares. forms: (n,) those of the distinct values."""
    total = int(weights.sum())
    totals = _total(forms, weights.tolist())
    found = _total([WORDS.sub("…", form) for form in totals], list(totals.values()))
    common = sorted(found.items(), key=lambda each: (-each[1], each[0]))[:SHAPES]
    return {form: round(count / total, 6) for form, count in common}


def _total(names: list[str], counts: list[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in zip(names, counts, strict=True):
        found[name] = found.get(name, 0) + count
    return found


def _are_numbers(values: pl.Series, letters: Letters, lengths: Counts) -> NDArray[np.bool_]:
    """Which of the values are numbers: by their forms, those of long texts by all of their characters."""
    found = np.array([form in NUMBERS for form in letters.forms])
    if lengths.max() > LONGEST:
        cut = np.flatnonzero(lengths > LONGEST)
        found[cut] = values[cut].str.contains(NUMBER).to_numpy()
    return found
