from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trivium.checks.letters import AT_ONCE, Letters, read_letters


def letters_of(*texts: str) -> Letters:
    return read_letters(texts, np.array([len(text) for text in texts]))


def test_letters_are_counted_by_kind() -> None:
    found = letters_of("Été 12", "", "\u2003中")
    assert (found.upper.tolist(), found.lower.tolist(), found.digit.tolist()) == ([1, 0, 0], [2, 0, 0], [2, 0, 0])
    assert (found.space.tolist(), found.foreign.tolist()) == ([1, 0, 1], [2, 0, 2])
    assert found.padded.tolist() == [False, False, True]


def test_a_form_keeps_what_is_no_letter_digit_or_space() -> None:
    assert letters_of("AB-12", "Müller,\t\n x", "--", "中文!").forms == ["A-9", "Aa, a", "--", "~!"]


def test_a_form_is_that_of_the_first_sixty_characters() -> None:
    assert letters_of("-" * 70, "x" * 60 + "9").forms == ["-" * 60, "a"]


def test_texts_longer_than_what_is_read_at_once_are_read() -> None:
    found = letters_of("a", "b" * (AT_ONCE + 1), "C", "d" * AT_ONCE, "E")
    assert found.lower.tolist() == [1, AT_ONCE + 1, 0, AT_ONCE, 0]
    assert found.upper.tolist() == [0, 0, 1, 0, 1]


@given(st.lists(st.text(), min_size=1))
def test_kinds_are_those_of_regular_expressions(texts: list[str]) -> None:
    found, values = letters_of(*texts), pl.Series(texts)
    forms = (("space", r"\s"), ("foreign", r"[^\x00-\x7F]"))
    for name, form in forms:
        assert getattr(found, name).tolist() == values.str.count_matches(form).to_list()
    assert found.padded.tolist() == (values.str.strip_chars() != values).to_list()
