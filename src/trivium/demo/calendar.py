"""Which day is what in the story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from trivium.errors import Misuse

FIRST = date(2013, 1, 1)
SEPTEMBER = date(2013, 9, 1)
LONGEST = 30
SHORTEST = 14
AFTERWARDS = 15


@dataclass(frozen=True)
class Calendar:
    """January to August is history; then `days` of September arrive one by one. In the middle upstream breaks."""

    days: int = LONGEST

    def __post_init__(self) -> None:
        if not SHORTEST <= self.days <= LONGEST:
            raise Misuse(f"--days takes {SHORTEST} to {LONGEST} days of September, not {self.days}.")

    @property
    def history(self) -> list[date]:
        """The days that are there before the story begins."""
        return [FIRST + timedelta(days=n) for n in range((SEPTEMBER - FIRST).days)]

    @property
    def september(self) -> list[date]:
        """The days that arrive one by one."""
        return [SEPTEMBER + timedelta(days=n) for n in range(self.days)]

    @property
    def retrain_after(self) -> int:
        """How many days of new flights are worth a retraining."""
        return max(3, self.days - AFTERWARDS)

    @property
    def broken(self) -> date:
        """The day on which upstream breaks: the morning on which the retraining is due."""
        return SEPTEMBER + timedelta(days=self.retrain_after)

    @property
    def repaired(self) -> date:
        """The morning on which upstream has repaired the broken day."""
        return self.broken + timedelta(days=1)

    @property
    def canary(self) -> date:
        """The morning from which the new model answers a share of the requests; before, it only watches."""
        return self.repaired + timedelta(days=2)
