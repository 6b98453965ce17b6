"""Objectives: how often a check has to pass, and the error budget that this leaves.

Terms and arithmetic are those of Beyer, Murphy, Rensin, Kawahara and Thorne (2018), The Site Reliability Workbook,
chapters 2 (error budget) and 5 (burn rate).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

from msgspec import Struct

from trivium.durations import parse_duration
from trivium.errors import Misuse

Unit = Literal["days", "hours", "partitions"]
FORM = re.compile(rf"(\d+(?:\.\d+)?)\s*%\s*of\s+({'|'.join(get_args(Unit))})\s+in\s+(.+)", re.IGNORECASE)
WIDTH = {"days": timedelta(days=1), "hours": timedelta(hours=1)}
LETTERS = {"days": 10, "hours": 13}
RECENT = 4


class Objective(Struct, frozen=True):
    """So large a share of units of event time passes, over a window that ends with the newest of them."""

    share: float
    unit: Unit
    window: timedelta


class CheckOutcome(Struct, frozen=True):
    """Whether a check passed on one partition of one commit. at: when the partition begins, or without event time when
    the commit was made."""

    partition: str
    commit: str
    at: datetime
    passed: bool


class ErrorBudget(Struct, frozen=True):
    """What is left of the failures that an objective allows.

    judged, failed: units with a result, and those where the check failed on any commit. allowed: how many may fail in a
    whole window. remaining: the share of the budget that is left; below 0 it is overdrawn. burn_rate: how fast the
    newest quarter of the window spends it; 1 spends exactly the budget. failures: the units that failed, oldest first.
    """

    table: str
    check: str
    owner: str | None
    objective: str
    judged: int
    failed: int
    allowed: float
    remaining: float
    burn_rate: float
    exhausted: bool
    failures: tuple[str, ...]


def is_of_check(found: str, check: str) -> bool:
    """Whether a result of this name is of the check: its own, or that of one slice ("auc >= 0.6 [origin=JFK]").

    >>> is_of_check("auc >= 0.6 [origin=JFK]", "auc >= 0.6"), is_of_check("auc >= 0.65", "auc >= 0.6")
    (True, False)
    """
    return found == check or (found.startswith(f"{check} [") and found.endswith("]"))


def parse_objective(text: str) -> Objective:
    """The objective of a text.

    >>> parse_objective("99 % of days in 30 d").share
    0.99

    Raises Misuse for another form, and for 0 or 100 %.
    """
    found = FORM.fullmatch(text.strip())
    if found is None:
        raise Misuse(f"{text!r} is no objective; write '99 % of days in 30 d', or of hours, or of partitions.")
    share = float(found[1]) / 100
    if not 0 < share < 1:
        raise Misuse(f"{text!r} leaves no error budget, or asks for nothing; a share lies between 0 and 100 %.")
    unit: Unit = next(each for each in get_args(Unit) if each == found[2].lower())
    window = parse_duration(found[3])
    if window < WIDTH.get(unit, timedelta(0)):
        raise Misuse(f"The window of {text!r} is shorter than one of its {unit}.")
    return Objective(share, unit, window)


def measure_budget(
    outcomes: Iterable[CheckOutcome],
    *,
    table: str,
    check: str,
    owner: str | None,
    objective: str,
    width: timedelta | None,
) -> ErrorBudget:
    """The error budget of a check by its recorded outcomes. width: of a partition; None without event time.

    Without event time every commit counts as a partition, and a window has as many of them as there were.
    """
    meant = parse_objective(objective)
    found = list(outcomes)
    end = max((each.at for each in found), default=None)
    inside = [each for each in found if end is not None and each.at > end - meant.window]
    units = _units(inside, meant.unit, width)
    recent = _units([each for each in inside if end and each.at > end - meant.window / RECENT], meant.unit, width)
    failures = tuple(sorted(unit for unit, passed in units.items() if not passed))
    step = WIDTH.get(meant.unit, width)
    most = len(units) if step is None else meant.window / step
    allowed = (1 - meant.share) * most
    remaining = round(1 - len(failures) / allowed, 6) + 0.0 if allowed else 1.0
    return ErrorBudget(
        table=table,
        check=check,
        owner=owner,
        objective=objective,
        judged=len(units),
        failed=len(failures),
        allowed=round(allowed, 6),
        remaining=remaining,
        burn_rate=round(_failed_share(list(recent.values())) / (1 - meant.share), 6),
        exhausted=bool(failures) and remaining <= 0,
        failures=failures,
    )


def _units(outcomes: Sequence[CheckOutcome], unit: Unit, width: timedelta | None) -> dict[str, bool]:
    """Whether each unit passed on all of its commits."""
    units: dict[str, bool] = {}
    for each in outcomes:
        if unit in LETTERS:
            name = each.at.isoformat()[: LETTERS[unit]]
        else:
            name = each.partition if width is not None else each.commit
        units[name] = units.get(name, True) and each.passed
    return units


def _failed_share(passed: Sequence[bool]) -> float:
    return passed.count(False) / len(passed) if passed else 0.0
