"""Which facts of a column are drawn, and how each becomes a line with a band."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from trivium.checks.explanation import shown_value
from trivium.checks.facts import EDGES, PLACES, UNPREDICTABLE, Key
from trivium.pictures.expectation import Expected, known
from trivium.pictures.picture import Mark, Numbers, Series
from trivium.pictures.wording import title_of
from trivium.values.alerts import ColumnProfile, Profile

CENTRES = ("median", "true_rate", "distinct", "length_mean", "log_rows")
DRAWN = 3


class Past(Struct, frozen=True):
    """Profiles, oldest first, what was expected of each, and their columns by name.

    `now`: the one that is asked about, counted from the end: -1 is the newest.
    """

    profiles: tuple[Profile, ...]
    expected: tuple[dict[Key, Expected], ...]
    columns: tuple[dict[str, ColumnProfile], ...]
    now: int = -1

    def facts_of(self, column: str, at: int) -> dict[str, float]:
        """The column's facts in one partition; those of the whole for the column ""."""
        if not column:
            return self.profiles[at].facts
        found = self.columns[at].get(column)
        return found.facts if found else {}

    def value(self, column: str, fact: str, at: int) -> float | None:
        """A fact, also one that only the history knows, such as the share of values never seen before."""
        raw = self.facts_of(column, at).get(fact)
        if raw is not None:
            return known(shown_value(fact, raw))
        expected = self.expected[at].get((column, fact))
        return expected.value if expected else None

    def surprise(self, column: str, fact: str) -> float | None:
        """How surprising the fact is now."""
        expected = self.expected[self.now].get((column, fact))
        return expected.surprise if expected else None

    def facts(self, column: str) -> list[str]:
        """Every fact that the column has anywhere, those of the newest partition first."""
        names: dict[str, None] = {}
        for at in range(len(self.profiles) - 1, -1, -1):
            names |= dict.fromkeys(self.facts_of(column, at))
        names |= dict.fromkeys(fact for owner, fact in self.expected[self.now] if owner == column)
        return [name for name in names if name not in UNPREDICTABLE]


def past_of(profiles: Sequence[Profile], expected: Sequence[dict[Key, Expected]], now: int = -1) -> Past:
    """The past that these profiles make."""
    columns = tuple({column.name: column for column in profile.columns} for profile in profiles)
    return Past(tuple(profiles), tuple(expected), columns, now)


def draw_series(past: Past, column: str, kind: str, fact: str) -> Series:
    """One fact over time with its bands."""
    values = tuple(past.value(column, fact, at) for at in range(len(past.profiles)))
    bands = [each.get((column, fact)) for each in past.expected]
    low: Numbers = tuple(None if each is None else each.low for each in bands)
    high: Numbers = tuple(None if each is None else each.high for each in bands)
    return Series(fact, title_of(fact, kind), values, low, high, past.surprise(column, fact))


def choose_facts(past: Past, column: str, marks: Sequence[Mark], *, in_full: bool, private: bool) -> list[str]:
    """The facts to draw: those that alarmed, the centre, lost values, and the most surprising one; or all of them.

    private: the column is about persons, so nothing that is one of its values is drawn.
    """
    names = [name for name in past.facts(column) if not (private and name in PLACES | EDGES)]
    ranked = sorted(names, key=lambda name: -(past.surprise(column, name) or 0.0))
    alarmed = [mark.fact for mark in marks if mark.fact in names]
    centre = next((name for name in CENTRES if name in names), None)
    telling = [*alarmed[:2], *([centre] if centre else []), *(["null_rate"] if "null_rate" in names else [])]
    loud = [name for name in ranked if (past.surprise(column, name) or 0.0) >= 1.0]
    chosen = list(dict.fromkeys([*telling, *(ranked if in_full else loud)]))
    return chosen if in_full else chosen[:DRAWN]


def strongest(past: Past, column: str) -> float | None:
    """The surprise of this column's most surprising fact now."""
    found = [each.surprise for (owner, _), each in past.expected[past.now].items() if owner == column]
    return max((each for each in found if each is not None), default=None)
