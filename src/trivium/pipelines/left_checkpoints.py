"""Checkpoints that nobody goes on from any more."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby

from trivium.errors import NotFound
from trivium.pipelines.checkpoint import FOLDER, delete_all
from trivium.store.storage import StoredFile
from trivium.store.storages import open_storage
from trivium.store.store import Store

KEPT_FOR = timedelta(days=30)


def collect_checkpoints(store: Store, *, dry_run: bool = False) -> int:
    """The bytes of checkpoints that were deleted: of runs that have succeeded, and of those that ended otherwise, or
    are not known here, and whose newest checkpoint is older than 30 days. dry_run: nothing is deleted."""
    files = sorted(open_storage(store.settings, FOLDER).list_files(), key=lambda file: file.name)
    total = 0
    for run, group in groupby(files, key=lambda file: file.name.partition("/")[0]):
        left = list(group)
        if _is_left(store, run, left):
            total += sum(file.bytes for file in left)
            if not dry_run:
                delete_all(open_storage(store.settings, f"{FOLDER}/{run}"))
    return total


def _is_left(store: Store, run: str, files: list[StoredFile]) -> bool:
    try:
        status = store.catalog.runs.find_status(run)
    except NotFound:
        status = "failed"
    if status in ("running", "cancelling"):
        return False
    return status == "succeeded" or max(file.modified for file in files) < store.clock() - KEPT_FOR
