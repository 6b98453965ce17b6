"""Muting: for a while nobody is told of an alert and its like."""

from __future__ import annotations

from datetime import timedelta

from trivium.durations import parse_duration
from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.values.alerts import Alert

LONGEST = timedelta(days=90)


def mute_alert(store: Store, alert_id: str, *, duration: str, because: str) -> Alert:
    """For so long ("7d") nobody is told of alerts of the same table, check and column; what they block stays blocked.

    Raises Misuse for no time, or for more than 90 days: what is muted for ever should be another check.
    """
    length = parse_duration(duration)
    if not timedelta(0) < length <= LONGEST:
        raise Misuse(f"An alert is muted for up to {LONGEST.days} days, not {duration!r}; change the check instead.")
    until = store.clock() + length
    return store.catalog.alerts.mute(alert_id, until=until, because=because, actor=store.actor)


def unmute_alert(store: Store, alert_id: str, *, because: str) -> Alert:
    """People are told of the alert and its like again."""
    return store.catalog.alerts.mute(alert_id, until=store.clock(), because=because, actor=store.actor)
