"""Looking rows up by key, as a model that serves does: the newest published row, never one from the future."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.lineage.staleness import table_staleness
from trivium.store.online_table import EARLIEST, LATEST, Found, OnlineTable
from trivium.store.store import Store
from trivium.tables.online_copy import refresh_online
from trivium.tables.online_rows import EPOCH, key_text, micros
from trivium.values.alerts import Alert
from trivium.values.staleness import NewerInput

STALE_SECONDS = 1.0


class Lookup(Struct, frozen=True):
    """What a key had: values by column (None: no such key), and the table version.

    moment: when the row's event happened, in microseconds since 1970 in UTC; None without a row, or without event time.
    alerts: the open alerts of the table: the row may be flagged, or out of date because a newer one is kept aside.
    stale: the inputs of the table that have newer versions than those that it was made of, as of at most a second ago.
    """

    key: str
    version: int
    values: dict[str, Any] | None
    moment: int | None = None
    alerts: tuple[Alert, ...] = ()
    stale: tuple[NewerInput, ...] = ()

    @property
    def at(self) -> str:
        """The row's own event time in UTC (ISO); "" when it has none."""
        if self.moment is None:
            return ""
        return (EPOCH + timedelta(microseconds=self.moment)).isoformat(timespec="microseconds")


def lookup_rows(
    store: Store, table: str, keys: Sequence[Any], at: Sequence[datetime | None] | None = None
) -> list[Lookup]:
    """For each key the newest published row; with `at`, the newest that is not after that moment.

    A key of several columns is a tuple. All answers are of one version: the newest that was published when this was
    called, or a newer one. (Of a catalog on another machine: the newest of at most a second ago, and of what this
    process published.) Quarantined rows are never seen.
    Raises NotFound without a version, Misuse without a key, for one text in place of a list, or with another number of
    moments than of keys.
    """
    if isinstance(keys, str):
        raise Misuse(f"Keys are given as a list, and {keys!r} is a text: write [{keys!r}].")
    if at is not None and len(at) != len(keys):
        raise Misuse(f"{len(keys)} keys need as many moments in `at`, not {len(at)}.")
    texts = [key if type(key) is str else _text(key) for key in keys]
    moments = [LATEST] * len(keys) if at is None else [LATEST if each is None else micros(each) for each in at]
    copy = store.online.table(table)
    version, open_alerts = _newest_version(store, table, copy)
    alerts = list_told(store, open_alerts)
    here, found = copy.find(texts, moments, version)
    while here < version:  # the copy was lost, or dropped by an erasure
        version = refresh_online(store, table)
        here, found = copy.find(texts, moments, version)
    return [_answer(key, here, row, alerts) for key, row in zip(texts, found, strict=True)]


def lookup_told(
    store: Store, table: str, keys: Sequence[Any], at: Sequence[datetime | None] | None = None
) -> list[Lookup]:
    """The same as `lookup_rows`, and each answer tells whether the table is stale."""
    found = lookup_rows(store, table, keys, at)
    stale = _stale_inputs(store, table)
    return [replace(each, stale=stale) for each in found] if stale else found


def list_told(store: Store, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """Those of the alerts that are not muted now."""
    now = store.clock() if alerts else None
    return tuple(alert for alert in alerts if now is not None and not alert.is_muted(now))


def _stale_inputs(store: Store, table: str) -> tuple[NewerInput, ...]:
    """Asked of the catalog at most once a second, and only when something changed in it."""
    copy, pulse, now = store.online.table(table), store.catalog.pulse.value(), monotonic()
    known, asked_at, stale = copy.stale
    if now - asked_at >= STALE_SECONDS and (pulse is None or known != pulse):
        stale = table_staleness(store.catalog, table).inputs
        copy.stale = (pulse, now, stale)
    return stale


def _newest_version(store: Store, table: str, copy: OnlineTable) -> tuple[int, tuple[Alert, ...]]:
    """The table's newest version, which the copy has, and its alerts; the catalog is asked only when it changed."""
    pulse = store.catalog.pulse.value()
    known, version, alerts = copy.seen
    if pulse is None or known != pulse:
        version = refresh_online(store, table)
        alerts = tuple(store.catalog.alerts.list_alerts(table=table, state="open"))
        copy.seen = (pulse, version, alerts)
    return version, alerts


def _text(key: Any) -> str:
    return key_text(key) if isinstance(key, tuple) else str(key)


def _answer(key: str, version: int, row: Found, alerts: tuple[Alert, ...]) -> Lookup:
    if row is None:
        return Lookup(key, version, None, None, alerts)
    return Lookup(key, version, row[1], None if row[0] == EARLIEST else row[0], alerts)
