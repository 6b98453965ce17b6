"""What becomes of a commit in quarantine."""

from __future__ import annotations

from trivium.store.store import Store
from trivium.tables.upkeep import keep_up
from trivium.values.tables import Commit


def settle_commit(store: Store, commit_id: str, *, release: bool, because: str) -> Commit:
    """A quarantined commit is a flagged version, or discarded; see `Tables.settle`. Then the table is kept in shape."""
    settled = store.catalog.tables.settle(commit_id, release=release, because=because, actor=store.actor)
    keep_up(store, settled)
    return settled
