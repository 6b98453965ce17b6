"""What changed between two versions of a table."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from trivium.store.store import Store
from trivium.tables.read import get_version
from trivium.values.tables import Column, Commit


class TableDiff(Struct, frozen=True):
    """From version `old` to version `new`: rows before and after, columns and partitions that are not the same.

    A changed partition is one whose files differ; `columns_retyped` maps a name to its types before and after.
    """

    table: str
    old: int
    new: int
    rows_before: int
    rows_after: int
    columns_added: tuple[Column, ...]
    columns_removed: tuple[Column, ...]
    columns_retyped: dict[str, tuple[str, str]]
    partitions_added: tuple[str, ...]
    partitions_removed: tuple[str, ...]
    partitions_changed: tuple[str, ...]


def diff_versions(store: Store, name: str, old: int, new: int | None = None) -> TableDiff:
    """How version `new` (None: the newest) differs from version `old`. Raises NotFound for one that is not there."""
    before, after = get_version(store, name, old), get_version(store, name, new)
    had, has = _columns(before), _columns(after)
    was, now = _files(store, before), _files(store, after)
    return TableDiff(
        table=name,
        old=old,
        new=after.version or 0,
        rows_before=before.rows,
        rows_after=after.rows,
        columns_added=tuple(column for column in after.columns if column.name not in had),
        columns_removed=tuple(column for column in before.columns if column.name not in has),
        columns_retyped={each: (had[each], has[each]) for each in had if each in has and had[each] != has[each]},
        partitions_added=tuple(part for part in now if part not in was),
        partitions_removed=tuple(part for part in was if part not in now),
        partitions_changed=tuple(part for part in now if part in was and now[part] != was[part]),
    )


def _columns(commit: Commit) -> Mapping[str, str]:
    return {column.name: column.type for column in commit.columns}


def _files(store: Store, commit: Commit) -> dict[str, set[str]]:
    files: dict[str, set[str]] = {}
    for file in store.catalog.tables.files(commit.table, commit.version or 0):
        files.setdefault(file.partition, set()).add(file.digest)
    return files
