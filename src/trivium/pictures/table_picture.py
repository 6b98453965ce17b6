"""The picture of a table: its newest partitions, its columns in the order in which somebody should look at them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trivium.pictures.column import WHOLE, picture_column
from trivium.pictures.expectation import expect
from trivium.pictures.marks import is_pressing, mark_alerts
from trivium.pictures.picture import Mark, TablePicture
from trivium.pictures.series import Past, past_of, strongest
from trivium.store.store import Store
from trivium.tables.profiles import find_alerted_profile, list_profiles
from trivium.values.alerts import Alert, Profile
from trivium.values.tables import TableSpec

WARM_UP = 60
ALERTS = 500
COLUMNS = 40
ASIDE = 20


def picture_table(
    store: Store, name: str, *, partitions: int = 30, column: str | None = None, columns: int = COLUMNS
) -> TablePicture:
    """The table over its newest `partitions`, with those that were kept aside, and every alert on them.

    column: only this one, with all its facts. columns: at most so many, the most surprising ones.
    Raises NotFound when there is no such table.
    """
    spec = store.catalog.tables.get_spec(name)
    alerts = store.catalog.alerts.list_alerts(table=name, limit=ALERTS)
    published = list_profiles(store, name, limit=partitions + (0 if spec.watch == "off" else WARM_UP))
    kept = kept_aside(store, alerts, {each.partition for each in published[-partitions:]})
    profiles = sorted([*published, *kept], key=lambda each: each.partition)
    names = {each.partition for each in kept}
    return picture_profiles(
        spec, profiles, alerts, partitions=partitions + len(kept), aside=names, column=column, columns=columns
    )


def picture_profiles(
    spec: TableSpec,
    profiles: Sequence[Profile],
    alerts: Sequence[Alert],
    *,
    partitions: int,
    aside: Collection[str] = (),
    column: str | None = None,
    columns: int = COLUMNS,
) -> TablePicture:
    """The picture of these profiles, oldest first, of which the newest `partitions` are drawn.

    aside: names of partitions that were not published.
    """
    past = past_with_expectations(spec, profiles, aside, shown=partitions)
    shown = tail_of(past, partitions)
    names = tuple(profile.partition for profile in shown.profiles)
    marks = mark_alerts(alerts, names)
    by_column: dict[str, list[Mark]] = {}
    for mark in marks:
        by_column.setdefault(mark.alert.column or WHOLE, []).append(mark)
    ranked = [column] if column is not None else rank_columns(shown, by_column)
    drawn = ranked if column is not None else ranked[: columns + 1]
    pictures = [
        picture_column(shown, each, by_column.get(each, []), private=each in spec.pii, in_full=column is not None)
        for each in drawn
    ]
    return TablePicture(
        table=spec.name,
        partitions=names,
        rows=tuple(profile.rows for profile in shown.profiles),
        columns=tuple(each for each in pictures if each.series or each.type or each.marks),
        aside=tuple(at for at, each in enumerate(names) if each in aside),
        left_out=len(ranked) - len(drawn),
        loose=() if column is not None else tuple(mark for mark in marks if (mark.alert.column or WHOLE) not in drawn),
        notes=tuple(notes_of(spec, shown)),
    )


def past_with_expectations(
    spec: TableSpec, profiles: Sequence[Profile], aside: Collection[str], *, shown: int, now: int = -1
) -> Past:
    """The profiles with what was expected of them; nothing is expected of a table that nobody watches."""
    if spec.watch == "off":
        return past_of(profiles, [{}] * len(profiles), now)
    places = {at for at, profile in enumerate(profiles) if profile.partition in aside}
    return past_of(profiles, expect(profiles, places, shown=shown), now)


def tail_of(past: Past, count: int) -> Past:
    """The newest partitions of the past."""
    return Past(past.profiles[-count:], past.expected[-count:], past.columns[-count:], past.now)


def rank_columns(past: Past, marks: dict[str, list[Mark]]) -> list[str]:
    """The rows as a whole first, then columns with open alerts, then with others, then by surprise, then as stored."""
    names = dict.fromkeys(name for columns in reversed(past.columns) for name in columns)
    order = sorted(names, key=lambda name: (_pressing(marks.get(name, [])), -(strongest(past, name) or 0.0)))
    return [WHOLE, *order] if past.profiles else []


def _pressing(marks: Sequence[Mark]) -> int:
    if any(is_pressing(mark) for mark in marks):
        return 0
    return 1 if marks else 2


def notes_of(spec: TableSpec, past: Past) -> list[str]:
    """What the picture cannot show."""
    notes = []
    bands = sum(bool(each) for each in past.expected)
    if spec.watch == "off":
        notes.append("Nobody watches this table's columns, so nothing is expected of them.")
    elif not bands:
        notes.append("Too few partitions are known to expect anything yet.")
    elif bands < len(past.profiles):
        notes.append(f"Bands are drawn for {bands} of the {len(past.profiles)} partitions.")
    private = [name for name in spec.pii if any(name in columns for columns in past.columns)]
    if private:
        notes.append("Values of columns about persons are not shown.")
    return notes


def kept_aside(store: Store, alerts: Sequence[Alert], published: Collection[str]) -> list[Profile]:
    """Profiles of partitions that alarmed and were not published, of the newest alerts, as new as the published."""
    oldest = min(published, default="")
    found: dict[str, Profile] = {}
    for alert in alerts:
        absent = alert.partition not in published and alert.partition not in found and alert.partition >= oldest
        profile = find_alerted_profile(store, alert) if absent and len(found) < ASIDE else None
        if profile is not None:
            found[alert.partition] = profile
    return list(found.values())
