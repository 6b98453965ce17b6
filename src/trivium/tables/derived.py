"""What is derived from a table's rows, and is made again when it is needed."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress

from trivium.checks.kept_histories import KeptHistories
from trivium.errors import NotFound
from trivium.lineage.pages import list_readers
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef

PARQUET = b"PAR1"
FILES = b'{"alone":'  # a list of files that a task returned
DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")
LARGEST_NAMING = 16 << 20  # bytes; what names other objects is small
LISTS = ("files", "list")  # and of these, whatever their size


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
    """A frame goes, and a file; of anything else, such as the report of an evaluation, those that it names."""
    if output.kind == "frame":
        _forget(store, output.digest)
    elif output.kind in LISTS or (store.blobs.size(output.digest) or 0) <= LARGEST_NAMING:
        with suppress(NotFound):
            _forget_named(store, store.blobs.get(output.digest))


def _forget_named(store: Store, data: bytes) -> None:
    of_files = data.startswith(FILES)
    for inner in {each.decode() for each in DIGEST.findall(data)}:
        if of_files:
            _forget(store, inner)
        elif store.blobs.has(inner):
            found = store.blobs.get(inner)
            if found.startswith(PARQUET):
                _forget(store, inner)
            elif found.startswith(FILES):
                _forget_named(store, found)


def _forget(store: Store, digest: str) -> None:
    try:
        store.blobs.delete(digest)
    except NotFound:
        return
