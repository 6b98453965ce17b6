"""Splits grow old: one that is older than its policy has an open alert until it is refreshed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from trivium.durations import parse_duration
from trivium.store.store import Store
from trivium.values.alerts import Alert
from trivium.values.splits import Split

CHECK = "fresh"
WATCHER = "splits"


def watch_splits(store: Store, names: Sequence[str] | None = None) -> list[Alert]:
    """The newest version of each of these splits (None: of all) has an open alert exactly when it is too old.

    An alert that a person dismissed stays dismissed for that version. Returns the alerts that this opened; when nothing
    changed, nothing is written.
    """
    newest = store.catalog.splits.list_newest()
    chosen = [split for split in newest if names is None or split.name in names]
    alerted = store.catalog.alerts.count_open()
    now = store.clock()
    return [
        alert
        for split in chosen
        if split_subject(split.name) in alerted or too_old(split, now - split.created_at)
        for alert in _watch_split(store, split)
    ]


def split_subject(name: str) -> str:
    """What stands for a split where an alert names its table."""
    return f"split:{name}"


def too_old(split: Split, age: timedelta) -> bool:
    """Whether the split is older than its policy allows."""
    return split.fresh is not None and age > parse_duration(split.fresh)


def _watch_split(store: Store, split: Split) -> list[Alert]:
    known = store.catalog.alerts.list_alerts(table=split_subject(split.name), limit=1000)
    alert = _alert(store, split)
    old = too_old(split, alert.opened_at - split.created_at)
    mine = [each for each in known if each.partition == alert.partition]
    still = {each.id for each in mine if old}
    over = [each.id for each in known if each.state == "open" and each.id not in still]
    settled = any(each.state == "open" or each.verdict == "false_alarm" for each in mine)
    begun = [alert] if old and not settled else []
    if not (begun or over):
        return []
    because = f"version {split.version} is fresh" if not old else f"version {split.version} took its place"
    return store.catalog.alerts.record(begun, resolved=over, because=because, actor=WATCHER)


def _alert(store: Store, split: Split) -> Alert:
    now = store.clock()
    age = (now - split.created_at).total_seconds() / 86400
    return Alert(
        id=store.ids(),
        table=split_subject(split.name),
        column=None,
        partition=f"version {split.version}",
        check=CHECK,
        kind=CHECK,
        severity="warn",
        state="open",
        message=(
            f"The evaluation set {split} is {age:.1f} days old, and its policy is {split.fresh}; "
            "make the next version with tv.split(..., refresh=True)."
        ),
        evidence={"created_at": split.created_at.isoformat(), "age_days": round(age, 3), "fresh": split.fresh},
        commit=None,
        opened_at=now,
    )
