"""What people said of a table's learned alerts, as its checks use it, and what one more verdict changes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from trivium.checks.feedback import LEARNED, NO_FEEDBACK, Feedback, Reach, reaches_of
from trivium.store.store import Store
from trivium.values.alerts import Alert, Finding
from trivium.values.tables import Commit, TableSpec

Band = tuple[float, float]


class Retuning(Struct, frozen=True):
    """A band that a verdict changed, as it would have been at the alert; the factors say how many times as wide as
    without any verdict. columns: those that the fact is about, none for the rows as a whole."""

    columns: tuple[str, ...]
    fact: str
    family: str
    before: Band
    after: Band
    factor_before: float
    factor_after: float


class KeptFeedback:
    """What this process last took from the verdicts on each table, by these and how often columns were renamed."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[dict[str, Finding], int, Feedback]] = {}


def learned_feedback(store: Store, spec: TableSpec) -> Feedback:
    """What the verdicts on record teach; nothing where nobody watches."""
    return NO_FEEDBACK if spec.watch == "off" else recorded_feedback(store, spec.name)


def recorded_feedback(store: Store, table: str) -> Feedback:
    """What the verdicts on record teach, in today's names of columns.

    Alerts are read only when verdicts or names changed since this process last looked.
    """
    verdicts = store.catalog.alerts.verdicts(table, LEARNED)
    if not verdicts:
        return NO_FEEDBACK
    kept = store.kept.get(KeptFeedback).tables
    renaming = store.catalog.tables.list_renaming(table)
    if table not in kept or kept[table][:2] != (verdicts, len(renaming)):
        judged = store.catalog.alerts.list_judged(table, LEARNED)
        kept[table] = verdicts, len(renaming), Feedback.of_alerts(judged, renaming)
    return kept[table][2]


def answer_alert(store: Store, alert_id: str, *, true_alarm: bool, because: str) -> tuple[Alert, list[Retuning]]:
    """A person's verdict is on record; the alert, and the bands that it changed at once, the alert's own fact first."""
    found = store.catalog.alerts.get_alert(alert_id)
    before = recorded_feedback(store, found.table)
    judged = store.catalog.alerts.judge(found.id, true_alarm=true_alarm, because=because, actor=store.actor)
    renaming = store.catalog.tables.list_renaming(found.table)
    return judged, compare_bands(judged, before, recorded_feedback(store, found.table), renaming)


def compare_bands(alert: Alert, before: Feedback, after: Feedback, renaming: Sequence[Commit]) -> list[Retuning]:
    """The bands of the alert's facts that differ, that of its leading fact first. renaming: see `reaches_of`."""
    lead = alert.evidence.get("fact")
    reaches = sorted(reaches_of(alert, renaming), key=lambda each: each.fact != lead)
    told = map(_retuning, reaches, before.factors_for(reaches), after.factors_for(reaches))
    return [each for each in told if each.factor_before != each.factor_after]


def _retuning(reach: Reach, before: float, after: float) -> Retuning:
    return Retuning(
        columns=reach.columns,
        fact=reach.fact,
        family=reach.family,
        before=reach.band(before),
        after=reach.band(after),
        factor_before=round(before, 3),
        factor_after=round(after, 3),
    )
