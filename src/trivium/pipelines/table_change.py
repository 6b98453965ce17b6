"""What changed in a table between two versions, from what is on record: no row is read for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache

from trivium.pipelines.first_few import first_few
from trivium.pipelines.slices import contents_of
from trivium.store.store import Store
from trivium.tables.partition_name import WHOLE
from trivium.values.tables import Commit

SHOWN = 3


class TableChanges:
    """Of any tables of the store; what was looked up is kept."""

    def __init__(self, store: Store) -> None:
        self._tables = store.catalog.tables
        self._contents = cache(lambda table, version: contents_of(store, table, version))
        self._commits = cache(self._tables.find_version)

    def tell(self, table: str, old: int, new: int, among: Collection[str] | None = None) -> str:
        """The columns and partitions that are not the same, in a few words; "" when nothing is known of it.

        among: only these partitions (None: all).
        """
        was, now = self._commits(table, old), self._commits(table, new)
        if was is None or now is None:
            return ""
        rows = [f"{now.rows:,} rows, were {was.rows:,}"] if among is None and now.rows != was.rows else []
        kept = was.collected_at is None and now.collected_at is None  # else nobody knows any more which files it had
        parts = self._partitions(table, (old, new), among) if kept else ()
        return "; ".join([*_columns(was, now), *rows, *parts])

    def _partitions(self, table: str, versions: tuple[int, int], among: Collection[str] | None) -> Iterator[str]:
        had, has = (self._contents(table, version) for version in versions)
        asked = [name for name in {**had, **has} if among is None or name in among]
        if new := [name for name in asked if name not in had]:
            yield f"new rows of {first_few(new, SHOWN)}"
        if gone := [name for name in asked if name not in has]:
            yield f"no rows of {first_few(gone, SHOWN)}"
        changed = [name for name in asked if name in had and name in has and had[name] != has[name]]
        if changed:
            columns = self._changed_columns(table, versions, changed[:SHOWN])
            place = "" if changed == [WHOLE] else f" of {first_few(changed, SHOWN)}"
            if columns or place:
                yield f"other rows{place}{f' in {first_few(columns, SHOWN)}' if columns else ''}"

    def _changed_columns(self, table: str, versions: tuple[int, int], partitions: Iterable[str]) -> list[str]:
        """Those that look otherwise in one of these partitions, by their profiles."""
        found: dict[str, None] = {}
        for partition in partitions:
            was, now = (self._tables.find_judgement(table, partition, version=version) for version in versions)
            if was is not None and now is not None:
                before = {column.name: column for column in was.profile.columns}
                found |= {each.name: None for each in now.profile.columns if before.get(each.name) not in (None, each)}
        return list(found)


def _columns(was: Commit, now: Commit) -> Iterator[str]:
    had, has = ({column.name: column.type for column in commit.columns} for commit in (was, now))
    if new := [name for name in has if name not in had]:
        yield f"new column {first_few(new, SHOWN)}"
    if gone := [name for name in had if name not in has]:
        yield f"without column {first_few(gone, SHOWN)}"
    yield from (f"{name} is {has[name]}, was {had[name]}" for name in had if name in has and had[name] != has[name])
