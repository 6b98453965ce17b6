"""How noisy alarms are: how many there are, how many of them people call true, and which columns shout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from trivium.checks.alarm_quality import Rate, rate_of
from trivium.checks.feedback import LEARNED, Widening
from trivium.store.store import Store
from trivium.tables.learned_feedback import recorded_feedback
from trivium.values.alerts import AlertCount, Finding

LOUDEST = 10
OFTEN = 3
MOSTLY = 0.5
BUSY_WEEK = 10
WEEK = timedelta(days=7)


class ColumnNoise(Struct, frozen=True):
    """The alarms about one column; `column` is None for those about no single one. learned: those not of declared
    checks. dismissed_share: of the judged ones; None when nobody judged one."""

    table: str
    column: str | None
    alerts: int
    learned: int
    dismissed: int
    confirmed: int
    dismissed_share: float | None

    @property
    def judged(self) -> int:
        """How many have a verdict."""
        return self.dismissed + self.confirmed

    @property
    def name(self) -> str:
        """ "orders.amount"; "orders.*" for no single column."""
        return f"{self.table}.{self.column or '*'}"


class Widened(Struct, frozen=True):
    """A table's column with wider bands."""

    table: str
    column: str
    family: str
    factor: float
    bounded: bool


class Noise(Struct, frozen=True):
    """A noise report. weeks: alarms by the Monday of the week in which they were opened, without gaps. judged: the
    share with a verdict. precision: the share of true alarms among these. columns: the loudest ten, of `others` only
    how many there are. widened: what verdicts of all time changed. advice: what to do next, in sentences."""

    since: date
    weeks: dict[str, int]
    alerts: int
    judged: Rate
    precision: Rate
    columns: tuple[ColumnNoise, ...]
    others: int
    widened: tuple[Widened, ...]
    advice: tuple[str, ...]


def measure_noise(store: Store, table: str | None = None, *, weeks: int = 8) -> Noise:
    """The report of one table, or of everything that has alerts, over this week and those before it.

    It counts in the catalog and reads no evidence but that of judged learned alerts, so 100,000 alerts are no burden.
    Raises NotFound for a table that is neither declared nor has alerts.
    """
    monday = store.clock().date() - timedelta(days=store.clock().weekday())
    since = monday - (weeks - 1) * WEEK
    opened = datetime.combine(since, time(), store.clock().tzinfo)
    columns = loudness(store.catalog.alerts.count_by_column(table=table, since=opened))
    if table is not None and not columns:
        store.catalog.tables.get_spec(table)
    true, false = (sum(getattr(each, name) for each in columns) for name in ("confirmed", "dismissed"))
    alerts = sum(each.alerts for each in columns)
    by_week = by_weeks(store.catalog.alerts.count_by_day(table=table, since=opened), since, weeks)
    names = [table] if table is not None else [spec.name for spec in store.catalog.tables.list_specs()]
    widened = [told for name in names for told in list_widened(name, recorded_feedback(store, name).widenings())]
    return Noise(
        since=since,
        weeks=by_week,
        alerts=alerts,
        judged=rate_of(true + false, alerts),
        precision=rate_of(true, true + false),
        columns=tuple(columns[:LOUDEST]),
        others=max(len(columns) - LOUDEST, 0),
        widened=tuple(widened),
        advice=tuple(advise(columns, widened, by_week)),
    )


def loudness(counts: Iterable[AlertCount]) -> list[ColumnNoise]:
    """One for each column, the loudest first."""
    columns: dict[tuple[str, str | None], list[AlertCount]] = {}
    for each in counts:
        columns.setdefault((each.table, each.column), []).append(each)
    found = [_column(table, column, parts) for (table, column), parts in columns.items()]
    return sorted(found, key=lambda each: (-each.alerts, each.name))


def by_weeks(days: dict[str, int], since: date, weeks: int) -> dict[str, int]:
    """Alarms by the Monday of each week, 0 where there were none. since: the first Monday."""
    found = {(since + number * WEEK).isoformat(): 0 for number in range(weeks)}
    for day, alerts in days.items():
        at = date.fromisoformat(day)
        monday = (at - timedelta(days=at.weekday())).isoformat()
        found[monday] = found.get(monday, 0) + alerts
    return found


def list_widened(table: str, widenings: Iterable[Widening]) -> list[Widened]:
    """Those that are wider at all, or would be without a confirmed alarm."""
    return [
        Widened(table, each.column, each.family, round(each.factor, 3), each.bounded)
        for each in widenings
        if each.factor > 1 or each.bounded
    ]


def advise(columns: Sequence[ColumnNoise], widened: Sequence[Widened], weeks: dict[str, int]) -> list[str]:
    """What would make it quieter, most useful first."""
    lines = [line for each in columns[:LOUDEST] for line in _advice_on(each)]
    lines += [
        f"{each.table}.{each.column or '*'}: a confirmed alarm is as near as a dismissed one ({each.family}); a "
        "declared check could tell them apart."
        for each in widened
        if each.bounded
    ]
    judged, alerts = (sum(getattr(each, name) for each in columns) for name in ("judged", "alerts"))
    if alerts and not judged:
        lines.insert(
            0, "Nobody answered an alert yet: `trivium alerts confirm` or `dismiss` makes the next ones better."
        )
    latest = list(weeks.values())[-1:]
    if latest and latest[0] >= BUSY_WEEK:
        lines.append(f"{latest[0]} alarms this week: `trivium alerts mute ID --for 7d` while their cause is repaired.")
    return lines


def _advice_on(column: ColumnNoise) -> list[str]:
    """For a column that alarmed at least three times."""
    declared, name = column.alerts - column.learned, column.name
    if column.alerts < OFTEN:
        return []
    if column.learned >= OFTEN and not column.judged:
        return [f"{name} alarmed {column.alerts} times unanswered: dismiss one that is false, and its like is quiet."]
    if (column.dismissed_share or 0.0) >= MOSTLY and declared:
        return [f"{name}: its declared checks failed {declared} times and are never re-tuned; loosen or correct them."]
    if (column.dismissed_share or 0.0) == 0.0 and column.confirmed >= OFTEN:
        return [f"{name}: {column.confirmed} true alarms and no false one; repair it at its source."]
    return []


def _column(table: str, column: str | None, parts: Sequence[AlertCount]) -> ColumnNoise:
    def count(verdict: Finding) -> int:
        return sum(each.alerts for each in parts if each.verdict == verdict)

    dismissed, confirmed = count("false_alarm"), count("true_alarm")
    return ColumnNoise(
        table=table,
        column=column,
        alerts=sum(each.alerts for each in parts),
        learned=sum(each.alerts for each in parts if each.kind == LEARNED),
        dismissed=dismissed,
        confirmed=confirmed,
        dismissed_share=dismissed / (dismissed + confirmed) if dismissed + confirmed else None,
    )
