"""How fast people get on: experiments by week, what reuse saves, what is waited for, and the way into production."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from msgspec import Struct

from trivium.store.store import Store
from trivium.values.velocity import DayOfRuns, Promotion

WEEK = timedelta(days=7)


class Pace(Struct, frozen=True):
    """The pace of one week (its Monday, "2024-01-29"), pipeline or person.

    experiments: runs with code or parameters that their pipeline was never run with before. success: the share of runs
    that succeeded. reused: the share of tasks whose result was there already, and saved the seconds that its execution
    had taken. waited: mean seconds from the event of a trigger to the start of its run, of `triggered` runs. promoted:
    how many versions of code led to a champion for the first time. to_production: the median of their seconds from the
    first run of the code to that promotion; to_approval: from the registration of the model to the first approval.
    A share or a time of nothing is None.
    """

    name: str
    runs: int
    experiments: int
    success: float | None
    reused: float | None
    saved: float
    triggered: int
    waited: float | None
    promoted: int
    to_production: float | None
    to_approval: float | None


class Velocity(Struct, frozen=True):
    """A velocity report since a Monday: everything together, by week without gaps, by pipeline and by person; the ones
    with most experiments first."""

    since: datetime
    total: Pace
    weeks: tuple[Pace, ...]
    pipelines: tuple[Pace, ...]
    people: tuple[Pace, ...]


def measure_velocity(store: Store, *, since: timedelta, pipeline: str | None = None) -> Velocity:
    """The report of the weeks that this length of time reaches into; the newest is the one that is going on."""
    today = store.clock().astimezone(UTC)
    start = datetime.combine(_monday((today - since).date()), time(), UTC)
    days = store.catalog.runs.count_days(since=start, pipeline=pipeline)
    promotions = store.catalog.runs.list_promotions(since=start, pipeline=pipeline)
    mondays = [(start + WEEK * number).date() for number in range((today - start) // WEEK + 1)]
    return Velocity(
        since=start,
        total=_pace("all", days, promotions),
        weeks=_paces(days, promotions, _week_of, [monday.isoformat() for monday in mondays]),
        pipelines=_busiest(_paces(days, promotions, lambda each: each.pipeline)),
        people=_busiest(_paces(days, promotions, lambda each: each.actor)),
    )


def _paces(
    days: Sequence[DayOfRuns],
    promotions: Sequence[Promotion],
    name_of: Callable[[DayOfRuns | Promotion], str],
    names: Sequence[str] = (),
) -> tuple[Pace, ...]:
    """A pace for each of these names, and for every other one that is there."""
    runs: dict[str, list[DayOfRuns]] = {name: [] for name in names}
    made: dict[str, list[Promotion]] = {}
    for day in days:
        runs.setdefault(name_of(day), []).append(day)
    for promotion in promotions:
        made.setdefault(name_of(promotion), []).append(promotion)
    return tuple(_pace(name, runs.get(name, []), made.get(name, [])) for name in dict.fromkeys([*runs, *made]))


def _pace(name: str, days: Sequence[DayOfRuns], promotions: Sequence[Promotion]) -> Pace:
    runs, cached = sum(day.runs for day in days), sum(day.cached for day in days)
    triggered = sum(day.triggered for day in days)
    approved = [each.approved_at - each.registered_at for each in promotions if each.approved_at is not None]
    return Pace(
        name=name,
        runs=runs,
        experiments=sum(day.experiments for day in days),
        success=_share(sum(day.succeeded for day in days), runs),
        reused=_share(cached, cached + sum(day.executed for day in days)),
        saved=sum(day.saved for day in days),
        triggered=triggered,
        waited=_share(sum(day.waited for day in days), triggered),
        promoted=len(promotions),
        to_production=_median([each.promoted_at - each.first_run_at for each in promotions]),
        to_approval=_median(approved),
    )


def _busiest(paces: Sequence[Pace]) -> tuple[Pace, ...]:
    return tuple(sorted(paces, key=lambda pace: (-pace.experiments, -pace.runs, pace.name)))


def _week_of(each: DayOfRuns | Promotion) -> str:
    day = date.fromisoformat(each.day) if isinstance(each, DayOfRuns) else each.promoted_at.astimezone(UTC).date()
    return _monday(day).isoformat()


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _median(lengths: Sequence[timedelta]) -> float | None:
    return median(length.total_seconds() for length in lengths) if lengths else None
