"""What people's verdicts on learned alerts teach: how much wider a column's bands are, by family of facts.

A dismissed alarm reached so far from what was expected; its band now reaches half further, so that its like is
quiet, and the other facts of its family have bands as many times as wide, at most ten times. A confirmed alarm bounds
that: no band of its family is widened beyond four fifths of what it reached. Distances are kept, not factors, so that
the widening fades as the history itself learns the extreme. Nothing is stored beside the verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trivium.checks.explanation import COPIES_ROWS, band
from trivium.checks.facts import JOINT, RELATIONS, Floats, Key, columns_of_key, family_of
from trivium.checks.surprise import Surprises
from trivium.values.alerts import Alert
from trivium.values.tables import Commit

FURTHER = 1.5
SHORT_OF = 0.8
WIDEST_BY_FAMILY = 10.0
MOST_REACHES = 60
LEARNED = "learned"
EVIDENCE = "reached"
Place = tuple[str, str]  # a column, and a family of facts
Surprise = Callable[["Reach"], float]


class Reach(Struct, frozen=True):
    """How far a fact was from its expectation when it alarmed.

    column: whose bands it teaches; of a relation the column that was to blame. key: the columns that the fact is about,
    as in `facts.Key`. middle, width: the band before any feedback; they and `reach` are on the logarithmic scale
    of the `unit` where `log`.
    """

    column: str
    key: str
    fact: str
    middle: float
    width: float
    reach: float
    log: bool
    unit: float = 1.0

    def named(self, names: Mapping[str, str]) -> Reach:
        """The reach with other names of columns: what each was called, to what it is called."""
        columns = (names.get(name, name) for name in columns_of_key((self.key, self.fact)))
        return replace(self, column=names.get(self.column, self.column), key=JOINT.join(columns))

    @property
    def family(self) -> str:
        """The family of the fact."""
        return family_of(self.fact)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the fact is about; none for the rows as a whole."""
        return tuple(name for name in columns_of_key((self.key, self.fact)) if name)

    @property
    def surprise(self) -> float:
        """How far it was in units of the band's width before any feedback."""
        return self.reach / self.width

    def band(self, factor: float) -> tuple[float, float]:
        """The band so many times as wide, in the fact's own units."""
        middle, width, unit = np.array([self.middle]), np.array([self.width * factor]), np.array([self.unit])
        known = Surprises([(self.key, self.fact)], middle, middle, width, middle, np.array([self.log]), unit)
        return band(self.fact, 0, known)


class Widening(Struct, frozen=True):
    """How many times as wide the bands of a column were made for a family of facts, at most.

    bounded: whether a confirmed alarm kept them from being wider.
    """

    column: str
    family: str
    factor: float
    bounded: bool


class Levels(Struct, frozen=True):
    """The surprises up to which verdicts want quiet, by fact and by family, and from which on alarms have to stay."""

    by_fact: dict[Key, float]
    by_family: dict[Place, float]
    alarms: dict[Place, float]

    @classmethod
    def of_verdicts(cls, dismissed: Iterable[Reach], confirmed: Iterable[Reach], surprise: Surprise) -> Levels:
        """surprise: of each reach today."""
        levels = cls({}, {}, {})
        for reach in dismissed:
            key, place, quiet = (reach.key, reach.fact), (reach.column, reach.family), FURTHER * surprise(reach)
            levels.by_fact[key] = max(levels.by_fact.get(key, 1.0), quiet)
            levels.by_family[place] = max(levels.by_family.get(place, 1.0), quiet)
        for reach in confirmed:
            place = reach.column, reach.family
            levels.alarms[place] = min(levels.alarms.get(place, math.inf), SHORT_OF * surprise(reach))
        return levels

    def factor(self, key: Key) -> float:
        """How many times as wide the band of a fact is, at least 1. All verdicts on any of its columns count."""
        places = [(column, family_of(key[1])) for column in columns_of_key(key)]
        family = max(self.by_family.get(place, 1.0) for place in places)
        wish = max(self.by_fact.get(key, 1.0), min(family, WIDEST_BY_FAMILY))
        return max(1.0, min([wish, *(self.alarms.get(place, math.inf) for place in places)]))


class Feedback(Struct, frozen=True):
    """The reaches of a table's dismissed learned alerts, and of the confirmed ones the furthest of each family."""

    dismissed: tuple[Reach, ...] = ()
    confirmed: tuple[Reach, ...] = ()

    @classmethod
    def of_alerts(cls, alerts: Iterable[Alert], renaming: Sequence[Commit] = ()) -> Feedback:
        """What these verdicts teach; alerts without one, and those of other checks, teach nothing.

        renaming: the commits that renamed columns, oldest first.
        """
        dismissed, confirmed = list[Reach](), list[Reach]()
        for alert in alerts:
            if alert.verdict == "false_alarm":
                dismissed += reaches_of(alert, renaming)
            elif alert.verdict == "true_alarm":
                confirmed += _furthest(reaches_of(alert, renaming))
        return cls(tuple(dismissed), tuple(confirmed))

    def apply(self, surprises: Surprises) -> Surprises:
        """The surprises with wider bands, and scores that much smaller."""
        if not self.dismissed:
            return surprises
        places = {key: at for at, key in enumerate(surprises.keys)}

        def surprise_now(reach: Reach) -> float:
            at = places.get((reach.key, reach.fact))
            same = at is not None and bool(surprises.logs[at]) == reach.log and math.isfinite(surprises.scores[at])
            return reach.reach / float(surprises.widths[at]) if at is not None and same else reach.surprise

        levels = Levels.of_verdicts(self.dismissed, self.confirmed, surprise_now)
        factors: Floats = np.array([levels.factor(key) for key in surprises.keys])
        return replace(surprises, widths=surprises.widths * factors, scores=surprises.scores / factors)

    def factors_for(self, reaches: Iterable[Reach]) -> list[float]:
        """How many times as wide the bands of these facts were made, at the widths that they had."""
        levels = self._levels()
        return [levels.factor((reach.key, reach.fact)) for reach in reaches]

    def widenings(self) -> list[Widening]:
        """Every column and family that a dismissal taught something, the widest first, as it was at the alarms."""
        levels = self._levels()
        widest: dict[Place, float] = {}
        for reach in self.dismissed:
            place = reach.column, reach.family
            widest[place] = max(widest.get(place, 1.0), levels.factor((reach.key, reach.fact)))
        found = [Widening(*place, factor, bounded=factor < levels.by_family[place]) for place, factor in widest.items()]
        return sorted(found, key=lambda each: (-each.factor, each.column, each.family))

    def _levels(self) -> Levels:
        """At the widths that the facts had."""
        return Levels.of_verdicts(self.dismissed, self.confirmed, lambda each: each.surprise)


NO_FEEDBACK = Feedback()


def tell_reaches(column: str, surprises: Surprises) -> list[dict[str, Any]]:
    """For the evidence of a column's alert: the facts that its dismissal has to quiet, at most 60, furthest first.

    surprises: before any feedback. With a column come its relations; with the rows as a whole ("") the facts that only
    count rows, and every relation. What stayed so far below the alarm that its like is quiet anyhow is left out.
    """
    scores = surprises.scores
    near = [at for at in np.flatnonzero(scores >= 1 / FURTHER).tolist() if math.isfinite(scores[at])]
    found = [(at, _taught(column, surprises.keys[at])) for at in sorted(near, key=lambda at: -float(scores[at]))]
    reaches = [_reach(taught, at, surprises) for at, taught in found if taught is not None]
    return [msgspec.to_builtins(each) for each in reaches[:MOST_REACHES]]


def reaches_of(alert: Alert, renaming: Sequence[Commit] = ()) -> list[Reach]:
    """What an alert's evidence holds of them, in the names that columns have after these commits; none of an alert that
    is not of the learned expectations."""
    if alert.kind != LEARNED:
        return []
    reaches = msgspec.convert(alert.evidence.get(EVIDENCE, []), list[Reach])
    for commit in renaming:
        if commit.committed_at >= alert.opened_at:
            reaches = [each.named(commit.renamed) for each in reaches]
    return reaches


def _taught(column: str, key: Key) -> str | None:
    """Whose bands a fact teaches in an alert about this column; None for a fact that is no part of it."""
    owner, fact = key
    columns = columns_of_key(key)
    if fact in RELATIONS:
        return column if column in columns else columns[0] if not column else None
    return owner if owner == column or (not column and fact in COPIES_ROWS) else None


def _reach(taught: str, at: int, surprises: Surprises) -> Reach:
    owner, fact = surprises.keys[at]
    width = float(surprises.widths[at])
    reach = width * float(surprises.scores[at])
    return Reach(
        taught,
        owner,
        fact,
        float(surprises.expected[at]),
        width,
        reach,
        bool(surprises.logs[at]),
        float(surprises.units[at]),
    )


def _furthest(reaches: Iterable[Reach]) -> list[Reach]:
    """Of each column and family the one that alarmed most: the others may become quiet, the fault alarms still."""
    furthest: dict[Place, Reach] = {}
    for reach in reaches:
        place = reach.column, reach.family
        if reach.surprise >= max(1.0, furthest[place].surprise if place in furthest else 0.0):
            furthest[place] = reach
    return list(furthest.values())
