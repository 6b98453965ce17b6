"""Many small files become few large ones, while nobody notices: no version is made, no row changes.

Files grow in levels, so that each row is rewritten once a level: 32 files of one level become one of the next. That
is the size-tiered compaction of log-structured stores (Bigtable, Chang et al. 2006, section 5.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trivium.failpoints import failpoint
from trivium.store.store import Store
from trivium.tables.draft_files import files_of_draft
from trivium.values.tables import Commit, DataFile

FAN_IN = 32
LEVELS = (1 << 20, 32 << 20)  # bytes up to which a file is of the first, the second level; larger ones stay
LARGEST = 128 << 20


def compact_if_due(store: Store, commit: Commit, partition: str) -> int:
    """The partition's small files are merged once this commit made them many; returns how many were.

    Of several writers at once, one has the commit that crosses the line, and only that one merges.
    """
    version = commit.version or 0
    count = store.catalog.tables.count_files(commit.table, partition, up_to=version)
    before = count - sum(file.partition == partition for file in commit.added)
    if count // FAN_IN == before // FAN_IN:
        return 0
    files = store.catalog.tables.files(commit.table, version, [partition])
    return sum(merge_files(store, commit.table, run) for run in due_runs(files))


def compact_table(store: Store, table: str) -> int:
    """Every run of small files is merged, however short; returns how many files were."""
    newest = store.catalog.tables.find_version(table)
    if newest is None or newest.version is None:
        return 0
    parts: dict[str, list[DataFile]] = {}
    for file in store.catalog.tables.files(table, newest.version):
        parts.setdefault(file.partition, []).append(file)
    return sum(merge_files(store, table, run) for files in parts.values() for run in small_runs(files) if len(run) > 1)


def merge_files(store: Store, table: str, files: Sequence[DataFile]) -> int:
    """One file carries what these neighbours carried; 0 when somebody replaced one of them meanwhile."""
    with files_of_draft(store) as noting:
        merged = noting.lake.write(table, files[0].partition, store.lake.scan(files).collect())
        failpoint("compact:written")
        if store.catalog.tables.compact(table, files, merged, actor=store.actor):
            return len(files)
    store.lake.delete(merged)
    return 0


def due_runs(files: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    """Neighbours of one level that are enough, in number or in bytes, for a file of the next one."""
    for run in _runs(files, mixed=False):
        if len(run) >= FAN_IN or sum(file.bytes for file in run) >= LARGEST:
            yield run


def small_runs(files: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    """Neighbours that are not of full size, whatever their level."""
    return _runs(files, mixed=True)


def level_of(file: DataFile) -> int:
    """0 for small files, 1 for medium ones, 2 for those that stay."""
    return sum(file.bytes >= size for size in LEVELS)


def _runs(files: Sequence[DataFile], *, mixed: bool) -> Iterator[list[DataFile]]:
    # Only neighbours are merged, because the order of rows within a partition is part of what a version says.
    run: list[DataFile] = []
    for file in files:
        level = level_of(file)
        fits = sum(each.bytes for each in run) + file.bytes <= LARGEST
        if run and (level == len(LEVELS) or not fits or not (mixed or level == level_of(run[-1]))):
            yield run
            run = []
        if level < len(LEVELS):
            run.append(file)
    if run:
        yield run
