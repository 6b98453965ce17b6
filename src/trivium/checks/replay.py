"""A table's past, judged again as if each partition had just arrived."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from trivium.checks.alert import group_causes
from trivium.checks.diversion import divert_rows, tell_diversion
from trivium.checks.feedback import NO_FEEDBACK, Feedback
from trivium.checks.history import History
from trivium.checks.judge import judge_partition
from trivium.checks.partition import Partition
from trivium.checks.surroundings import Surroundings
from trivium.values.alerts import Judgement
from trivium.values.tables import State, TableSpec


class Ruling(Struct, frozen=True):
    """What the checks said of one partition.

    columns: those that an alert names. score: the largest surprise, in units of the alarm threshold; infinite for a
    failed check that has none. messages: what the alerts say.
    """

    partition: str
    state: State
    columns: frozenset[str]
    score: float
    messages: tuple[str, ...] = ()

    @property
    def alarmed(self) -> bool:
        """Whether there is any alert."""
        return self.state != "valid"

    @classmethod
    def of(cls, judgement: Judgement) -> Ruling:
        """The ruling in this judgement: the lead of each alert that it would raise."""
        leads = [causes[0] for causes in group_causes(judgement.results)]
        scores = [math.inf if each.surprise is None else each.surprise for each in judgement.results if not each.passed]
        calm = [each.surprise for each in judgement.results if each.passed and each.surprise is not None]
        return cls(
            judgement.partition,
            judgement.state,
            frozenset(lead.column for lead in leads if lead.column),
            max((*scores, *calm), default=0.0),
            tuple(lead.message for lead in leads),
        )


def see_nothing(part: Partition) -> Surroundings | None:
    """No other tables and no past rows: enough for checks that look at their partition alone."""
    return None


class Partitions(Protocol):
    """A table's partitions, oldest first, by their place. Some are taken more than once."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[Partition]:
        """All of them, oldest first."""

    def __getitem__(self, place: int, /) -> Partition:
        """The one at this place, 0 being the oldest."""


class Replay(Struct, frozen=True):
    """A table's past: its declaration, its partitions, what checks may see around them, and what verdicts taught."""

    spec: TableSpec
    parts: Partitions
    now: datetime
    around: Callable[[Partition], Surroundings | None] = see_nothing
    feedback: Feedback = NO_FEEDBACK

    def judge(self, part: Partition, history: History) -> Judgement:
        """What the checks say of the partition after this history. Freshness is not judged, for it is about now."""
        around, taught = self.around(part), self.feedback
        diversion = divert_rows(self.spec, [part])  # as a commit does
        (kept,) = diversion.kept
        judged = judge_partition(self.spec, kept, history, now=self.now, newest=False, around=around, feedback=taught)
        return tell_diversion(judged, diversion)

    def walk(self) -> Iterator[tuple[History, Judgement]]:
        """The judgement of each partition, with the history before it.

        Every partition counts as history for the next, also one that would have been kept aside: it was published.
        """
        history = History()
        for part in self.parts:
            judgement = self.judge(part, history)
            yield history, judgement
            history = history.extended(judgement.profile)
