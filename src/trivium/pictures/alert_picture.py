"""The picture of an alert: its column up to the alarm, and a little further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from trivium.pictures.column import WHOLE, picture_column
from trivium.pictures.marks import ABOUT, mark, mark_alerts, number
from trivium.pictures.picture import AlertPicture, ColumnPicture, Numbers, Series
from trivium.pictures.table_picture import past_with_expectations, tail_of
from trivium.pictures.wording import title_of
from trivium.store.store import Store
from trivium.tables.profiles import find_alerted_profile, list_profiles
from trivium.values.alerts import Alert, Profile
from trivium.values.tables import TableSpec

READ = 120
READ_ROWS = 14  # of a table that nobody watches, whose profiles are made from its rows
BEFORE, AFTER = 60, 10
OTHERS = 200


def picture_alert(store: Store, alert: Alert) -> AlertPicture:
    """The alert with the past of its column as it is known now; as its evidence tells it, where that was long ago.

    An alert about neither a column nor a fact of the rows, such as a metric, has no past to draw.
    """
    spec = store.catalog.tables.find_spec(alert.table)
    if spec is None or (alert.column is None and mark(alert, 0).fact is None):
        return picture_evidence(alert)
    known = list_profiles(store, alert.table, limit=READ_ROWS if spec.watch == "off" else READ)
    alarmed = find_alerted_profile(store, alert)
    before = [each for each in known if each.partition < alert.partition][-BEFORE - BEFORE :]
    after = [each for each in known if each.partition > alert.partition][:AFTER]
    now = alarmed or next((each for each in known if each.partition == alert.partition), None)
    if now is None or not before:
        return picture_evidence(alert)
    others = store.catalog.alerts.list_alerts(table=alert.table, limit=OTHERS)
    aside = now.partition not in {each.partition for each in known}
    return picture_past(spec, alert, (before, now, after), others=others, aside=aside)


def picture_past(
    spec: TableSpec,
    alert: Alert,
    profiles: tuple[Sequence[Profile], Profile, Sequence[Profile]],
    *,
    others: Sequence[Alert] = (),
    aside: bool = False,
) -> AlertPicture:
    """The alert between the profiles before and after that of its partition.

    others: alerts that may be about the same column. aside: its partition is not published.
    """
    before, now, after = profiles
    name = alert.column or WHOLE
    sequence = [*before, now, *after]
    past = past_with_expectations(
        spec, sequence, {now.partition} if aside else (), shown=BEFORE + 1 + len(after), now=-1 - len(after)
    )
    shown = tail_of(past, BEFORE + 1 + len(after))
    partitions = tuple(each.partition for each in shown.profiles)
    alike = [each for each in others if (each.column or WHOLE) == name and each.id != alert.id]
    marks = mark_alerts([alert, *alike], partitions)
    own = [each for each in marks if each.alert.id == alert.id]
    at = own[0].at
    column = picture_column(shown, name, [*own, *[each for each in marks if each not in own]],
        private=name in spec.pii)  # fmt: skip
    column = replace(column, series=tuple(with_evidence(each, alert, at) for each in column.series))
    return AlertPicture(alert, partitions, column, aside=(at,) if aside else ())


def with_evidence(series: Series, alert: Alert, at: int) -> Series:
    """The series with value and band at the alarm as they were when it was raised."""
    own = mark(alert, at)
    if own.fact != series.fact or own.observed is None:
        return series
    return replace(
        series,
        values=_with(series.values, at, own.observed),
        low=_with(series.low, at, own.low),
        high=_with(series.high, at, own.high),
    )


def picture_evidence(alert: Alert) -> AlertPicture:
    """The alert with what its evidence alone can tell; no column when that is nothing to draw."""
    fact = alert.evidence.get("fact", ABOUT.get(alert.kind))
    history = [number(each) for each in _listed(alert.evidence.get("history"))]
    observed = number(alert.evidence.get("observed"))
    if not isinstance(fact, str) or observed is None:
        return AlertPicture(alert, (alert.partition,), None)
    names = [str(each) for each in _listed(alert.evidence.get("partitions"))]
    if len(names) != len(history):
        names = [f"{len(history) - at} before" for at in range(len(history))]
    absent: Numbers = (None,) * len(history)
    series = Series(
        fact=fact,
        title=title_of(fact, ""),
        values=(*history, observed),
        low=(*absent, number(alert.evidence.get("low"))),
        high=(*absent, number(alert.evidence.get("high"))),
        surprise=number(alert.evidence.get("surprise")),
    )
    marks = (mark(alert, len(history)),)
    column = ColumnPicture(alert.column or WHOLE, "", (series,), marks, surprise=series.surprise)
    return AlertPicture(alert, (*names, alert.partition), column)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _with(numbers: Numbers, at: int, value: float | None) -> Numbers:
    return (*numbers[:at], value, *numbers[at + 1 :])
