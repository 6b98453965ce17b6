"""What concerns several tables at once, as a user writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trivium.frames import to_frame
from trivium.store.store import Store, current_store
from trivium.tables.quarantine import warn_quarantined
from trivium.tables.snapshot import record_snapshot
from trivium.tables.table import Table
from trivium.tables.together import Part, commit_parts
from trivium.values.tables import Commit, Snapshot


def commit_together(
    rows: Mapping[Table, Any], *, idempotency_key: str | None = None, store: Store | None = None
) -> list[Commit]:
    """The rows of each table are published in one transaction: a reader sees all of them, or none.

    rows: a frame of any kind for each table. When the checks keep one of them aside, all are kept aside, with a warning
    of QuarantinedData. Returns the commits in the order of the tables.
    """
    parts = [Part(table.spec, to_frame(frame)) for table, frame in rows.items()]
    memory = store or current_store()
    return [warn_quarantined(memory, each) for each in commit_parts(memory, parts, idempotency_key=idempotency_key)]


def snapshot(name: str, *tables: Table, because: str = "", store: Store | None = None) -> Snapshot:
    """The name stands for the tables' newest versions, all of this moment, and they are never collected.

    Read them by `table.at(snapshot=name)`. The same name again gives the snapshot that was taken, if nothing changed.
    """
    return record_snapshot(store or current_store(), name, {table.name: None for table in tables}, because=because)
