"""Files of a version written anew without some of their rows, or with other columns: the rest stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from trivium.checks.judge import judge
from trivium.checks.partition import Partition
from trivium.store.store import Store
from trivium.tables.learned_feedback import learned_feedback
from trivium.tables.learned_history import learned_history
from trivium.tables.surroundings import around_commit
from trivium.values.alerts import Judgement, Profile
from trivium.values.tables import Column, Commit, DataFile


class Rewriting(Struct, frozen=True):
    """Which files go, and which come in their place; `rows` is how many rows are not there any more."""

    removed: tuple[DataFile, ...] = ()
    added: tuple[DataFile, ...] = ()
    rows: int = 0

    @property
    def partitions(self) -> tuple[str, ...]:
        """The partitions that are touched, in their order."""
        return tuple(sorted({file.partition for file in self.removed}))


def drop_rows(
    store: Store, newest: Commit, files: Iterable[DataFile], drop: Callable[[pl.DataFrame], pl.Series]
) -> Rewriting:
    """The files that hold rows to drop are written without them; files without any are left alone.

    drop: for the rows of one file, (n,) booleans.
    """
    removed, added, dropped = list[DataFile](), list[DataFile](), 0
    for file in files:
        rows = read_file_rows(store, newest.columns, file)
        hit = drop(rows)
        if not hit.any():
            continue
        kept = rows.filter(~hit)
        removed.append(file)
        dropped += rows.height - kept.height
        if kept.height:
            added.append(in_place_of(file, store.lake.write(newest.table, file.partition, kept)))
    return Rewriting(tuple(removed), tuple(added), dropped)


def map_files(
    store: Store, newest: Commit, files: Iterable[DataFile], change: Callable[[pl.DataFrame], pl.DataFrame]
) -> Rewriting:
    """Every file is written anew with changed columns, its rows in their order."""
    removed, added = list[DataFile](), list[DataFile]()
    for file in files:
        rows = change(read_file_rows(store, newest.columns, file))
        removed.append(file)
        added.append(in_place_of(file, store.lake.write(newest.table, file.partition, rows)))
    return Rewriting(tuple(removed), tuple(added))


def read_file_rows(store: Store, columns: Sequence[Column], file: DataFile) -> pl.DataFrame:
    """The rows of one file, with the table's columns that it has."""
    return store.lake.scan([file], [column.name for column in columns]).collect()


def in_place_of(file: DataFile, written: DataFile) -> DataFile:
    """The written file, at the place of another one in the order of rows."""
    return replace(written, rank=file.rank)


def judge_whole(
    store: Store, newest: Commit, change: Rewriting, more: Sequence[Partition] = ()
) -> tuple[Judgement, ...]:
    """What the checks say of each touched partition as it will be; one without rows any more is only recorded."""
    spec = store.catalog.tables.get_spec(newest.table)
    history = learned_history(store, spec, newest)
    extra = {part.name: part.rows for part in more}
    names = sorted({*change.partitions, *extra})
    parts = [
        Partition(name, _future_rows(store, newest, change, name, extra.get(name)), in_order=name not in extra)
        for name in names
    ]
    around = around_commit(store, spec, newest, replaced=names)
    left = [part for part in parts if part.rows.height]
    taught = learned_feedback(store, spec)
    judged = judge(spec, left, history, now=store.clock(), around=around, feedback=taught)
    return (*judged, *(gone(spec.name, part.name) for part in parts if not part.rows.height))


def files_after(
    store: Store, newest: Commit, change: Rewriting, partitions: Sequence[str] | None = None
) -> list[DataFile]:
    """The table's files (or only those that carry these partitions, with all that come) once this is published."""
    going = {file.path for file in change.removed}
    live = store.catalog.tables.files(newest.table, newest.version or 0, partitions)
    return [*(file for file in live if file.path not in going), *change.added]


def gone(table: str, partition: str) -> Judgement:
    """The judgement of a partition that has no rows any more."""
    return Judgement(partition, "valid", Profile(table, partition, 0, ()), ())


def _future_rows(
    store: Store, newest: Commit, change: Rewriting, partition: str, more: pl.DataFrame | None
) -> pl.DataFrame:
    files = [file for file in files_after(store, newest, change, [partition]) if file.partition == partition]
    names = [column.name for column in newest.columns]
    kept = [store.lake.scan(files, names).collect()] if files else []
    frames = [*kept, *([] if more is None else [more])]
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
