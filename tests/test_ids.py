"""Ids that sort by time, and names that are safe anywhere."""

from __future__ import annotations

import time

import pytest

from trivium.errors import InvalidName
from trivium.ids import ALPHABET, checked_name, new_id


def test_ids_are_26_characters_of_their_alphabet_and_never_equal() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(each) == 26 and set(each) <= set(ALPHABET) for each in made)


def test_later_ids_sort_after_earlier_ones() -> None:
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)


@pytest.mark.parametrize("name", ["a", "flights", "daily_flights-2", "a" * 100])
def test_plain_names_are_kept(name: str) -> None:
    assert checked_name(name, "table") == name


WRONG = ["", "A", "Flights", "1st", "_x", "-x", "a b", "a/b", "../a", "a.b", "a\0b", "a\n", "é", "🙂", "a" * 101, "a'b"]


@pytest.mark.parametrize("name", [*WRONG, "x" * 300])
def test_every_other_name_is_refused_by_value(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot name a table: use 1 to 100 lower-case letters"):
        checked_name(name, "table")


def test_a_long_name_is_shortened_in_the_message() -> None:
    with pytest.raises(InvalidName) as refused:
        checked_name("X" * 10_000, "table")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("name", [None, 7, b"a", ["a"]])
def test_what_is_not_text_is_no_name(name: object) -> None:
    with pytest.raises(InvalidName):
        checked_name(name, "table")  # type: ignore[arg-type] # what an untyped caller may pass
