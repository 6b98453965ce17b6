"""What is derived from a table's rows, and is made again when it is needed."""

from __future__ import annotations

import shutil

from trivium.checks.kept_histories import KeptHistories
from trivium.errors import NotFound
from trivium.lineage.pages import list_readers
from trivium.store.store import Store


def forget_derived(store: Store, table: str) -> None:
    """No copy of the table's rows is left: lookups, row caches, fetched objects, outputs that runs cached, splits.

    A run that read the table keeps its record; a task whose cached output is gone runs again.
    """
    store.online.drop(table)
    store.kept.get(KeptHistories).forget(table)
    shutil.rmtree(store.settings.state / "cache", ignore_errors=True)
    for run in {read.run for read in list_readers(store.catalog, table)}:
        for task in store.catalog.runs.list_tasks(run):
            for output in task.outputs:
                if output.kind == "frame":
                    _forget(store, output.digest)
    for split in store.catalog.splits.list_of_table(table):
        _forget(store, split.past_blob)
        _forget(store, split.exam_blob)


def _forget(store: Store, digest: str) -> None:
    try:
        store.blobs.delete(digest)
    except NotFound:
        return
