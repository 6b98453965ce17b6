"""What is derived from a table's rows, and is made again when it is needed."""

from __future__ import annotations

import re
import shutil

from trivium.checks.kept_histories import KeptHistories
from trivium.errors import NotFound
from trivium.lineage.pages import list_readers
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef

PARQUET = b"PAR1"
DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")
LARGEST_NAMING = 16 << 20  # bytes; what names other objects is small


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
                _forget_output(store, output)
    for split in store.catalog.splits.list_of_table(table):
        _forget(store, split.past_blob)
        _forget(store, split.exam_blob)


def _forget_output(store: Store, output: ArtifactRef) -> None:
    """A frame goes; of anything else, such as the report of an evaluation, the frames that it names."""
    if output.kind == "frame":
        _forget(store, output.digest)
    elif store.blobs.has(output.digest) and (store.blobs.size(output.digest) or 0) <= LARGEST_NAMING:
        for inner in set(DIGEST.findall(store.blobs.get(output.digest))):
            _forget_frame(store, inner.decode())


def _forget_frame(store: Store, digest: str) -> None:
    if store.blobs.has(digest) and store.blobs.get(digest)[: len(PARQUET)] == PARQUET:
        _forget(store, digest)


def _forget(store: Store, digest: str) -> None:
    try:
        store.blobs.delete(digest)
    except NotFound:
        return
