"""The online copy of a table follows its newest version, by the data files that came and went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trivium.errors import Misuse, NotFound
from trivium.store.catalog.content import MODULUS, content_of
from trivium.store.online_changes import Added, Changes, Merged, Removed, Rewritten
from trivium.store.store import Store
from trivium.tables.online_rows import bodied, file_keys, file_rows, key_and_time, known_keys
from trivium.values.tables import DataFile, TableSpec

COMPARED_VALUES = 40_000_000  # two files with more are not held in memory to be compared
MOST_COMMITS = 32  # further behind than that, all partitions are compared
RESHAPING = ("rename", "widen", "restore", "erase")


def refresh_online(store: Store, table: str) -> int:
    """The online copy has what the table's newest version has; returns that version.

    Only the rows of data files that came or went since are read, a part of a file at a time. Files that a compaction
    merged are not read. Raises NotFound without a version, Misuse for a table without a key.
    """
    copy = store.online.table(table)
    have, version = copy.version(), store.catalog.tables.newest_version(table)
    if not version:
        raise NotFound(f"Table {table!r} has no published version to look up in.")
    if have > version:  # an older catalog was put back
        copy.drop()
    if have != version:
        spec = store.catalog.tables.get_spec(table)
        if not spec.key:
            raise Misuse(f"Table {table!r} has no key, so nothing can be looked up in it; declare `key=`.")
        copy.catch_up(version, lambda have, files: _plan(store, spec, version, have, files))
    return version


def _plan(store: Store, spec: TableSpec, version: int, have: int, files: Sequence[DataFile]) -> Changes:
    touched = _touched(store, spec.name, have, version)
    live = store.catalog.tables.files(spec.name, version, touched)
    here = [file for file in files if touched is None or file.partition in touched]
    places_live, places_here = {_place(file) for file in live}, {_place(file) for file in here}
    gone = [file for file in here if _place(file) not in places_live]
    came = [file for file in live if _place(file) not in places_here]
    merged = tuple(find_merged(gone, came))
    known = {path for each in merged for path in (each.file.path, *each.replaced)}
    gone, came = [file for file in gone if file.path not in known], [file for file in came if file.path not in known]
    pairs = _pairs(store, spec, gone, came)
    rewritten = {path for old, new in pairs for path in (old.path, new.path)}
    removed = [file for file in gone if file.path not in rewritten]
    if sum(file.rows for file in removed) * 2 > sum(file.rows for file in files):
        return Changes(afresh=True, added=_added(store, spec, store.catalog.tables.files(spec.name, version)))
    return Changes(
        merged=merged,
        removed=(Removed(file.path, file_keys(store, spec, file)) for file in removed),
        rewritten=(_compared(store, spec, old, new) for old, new in pairs),
        added=_added(store, spec, [file for file in came if file.path not in rewritten]),
    )


def _pairs(
    store: Store, spec: TableSpec, gone: Sequence[DataFile], came: Sequence[DataFile]
) -> list[tuple[DataFile, DataFile]]:
    """Old and new files at one place that are worth comparing, as a delete or an upsert leaves them."""
    places: dict[tuple[str, int], list[DataFile]] = {}
    for file in gone:
        places.setdefault((file.partition, file.rank), []).append(file)
    pairs = []
    for new in came:
        olds = places.pop((new.partition, new.rank), [])
        if len(olds) == 1 and _are_alike(store, olds[0], new):
            pairs.append((olds[0], new))
    return pairs


def _are_alike(store: Store, old: DataFile, new: DataFile) -> bool:
    if not store.lake.has(old):
        return False
    before, after = (store.lake.scan([file]).collect_schema() for file in (old, new))
    return before == after and (old.rows + new.rows) * len(before) <= COMPARED_VALUES


def _compared(store: Store, spec: TableSpec, old: DataFile, new: DataFile) -> Rewritten:
    """The last row of each key and moment, where it is not the same in both files."""
    named = key_and_time(spec)
    before, after = (
        store.lake.scan([file]).collect().unique(named, keep="last", maintain_order=True) for file in (old, new)
    )
    whole = before.columns
    removed = before.join(after, on=whole, how="anti", nulls_equal=True).select(named)
    added = after.join(before, on=whole, how="anti", nulls_equal=True)
    return Rewritten(new, old.path, known_keys(spec, removed), bodied(spec, added))


def _place(file: DataFile) -> tuple[str, int]:
    return file.path, file.rank


def _touched(store: Store, table: str, have: int, version: int) -> list[str] | None:
    """The partitions that commits after version `have` may have changed; None: all."""
    if have == 0 or version - have > MOST_COMMITS:
        return None
    touched: set[str] = set()
    for number in range(have + 1, version + 1):
        commit = store.catalog.tables.find_version(table, number)
        if commit is None or commit.operation in RESHAPING:
            return None
        touched |= set(commit.partitions)
    return sorted(touched)


def find_merged(gone: Sequence[DataFile], came: Sequence[DataFile]) -> Iterator[Merged]:
    """Files that carry just the rows of neighbours that are gone: the contents of a compacted file add up."""
    left: dict[str, list[DataFile]] = {}
    for file in sorted(gone, key=lambda each: (each.partition, each.rank, each.path)):
        left.setdefault(file.partition, []).append(file)
    for file in came:
        files = left.get(file.partition, [])
        start, end = _run_of(files, content_of(file)) if file.content else (0, 0)
        if end:
            yield Merged(file, tuple(each.path for each in files[start:end]))
            files[start:end] = [file]  # its neighbours do not become each other's


def _run_of(files: Sequence[DataFile], content: int) -> tuple[int, int]:
    """Where the neighbours whose contents add up to this one start and end; (0, 0): nowhere."""
    starts, total = {0: 0}, 0
    for place, file in enumerate(files, 1):
        total = (total + content_of(file)) % MODULUS
        start = starts.get((total - content) % MODULUS)
        if start is not None:
            return start, place
        starts[total] = place
    return 0, 0


def _added(store: Store, spec: TableSpec, files: Iterable[DataFile]) -> Iterator[Added]:
    return (Added(file, file_rows(store, spec, file)) for file in files)
