"""What follows a commit and may be lost without losing anything: compaction."""

from __future__ import annotations

from trivium.store.store import Store
from trivium.tables.compact import compact_if_due
from trivium.values.tables import Commit


def keep_up(store: Store, commit: Commit) -> None:
    """The table is in shape after a published commit. The commit stands, whatever happens here."""
    if commit.version is None:
        return
    for partition in commit.partitions:
        compact_if_due(store, commit.table, commit.version, partition)
