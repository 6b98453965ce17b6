"""What this process has learned of a table, kept between its commits."""

from __future__ import annotations

from functools import partial

from trivium.checks.history import History
from trivium.checks.kept_histories import KeptHistories
from trivium.store.store import Store
from trivium.values.alerts import Profile
from trivium.values.tables import Commit, TableSpec


def learned_history(store: Store, spec: TableSpec, newest: Commit | None) -> History:
    """What this process has learned of the table up to its newest version; nothing of a table that nobody watches."""
    if spec.watch == "off":
        return History()
    version = newest.version if newest and newest.version else 0
    kept = store.kept.get(KeptHistories)
    seen = kept.version(spec.name)
    if seen and store.catalog.tables.find_reshape(spec.name, after=seen) is not None:
        kept.forget(spec.name)  # columns have other names now
    return kept.up_to(spec.name, version, partial(_profiles_after, store, spec.name))


def _profiles_after(store: Store, table: str, version: int) -> list[Profile]:
    return store.catalog.tables.profiles(table, after=version)
