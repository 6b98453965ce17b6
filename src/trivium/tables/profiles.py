"""What the partitions of a table look like, also of one whose columns nobody watches."""

from __future__ import annotations

from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.store.store import Store
from trivium.tables.read import get_readable
from trivium.values.alerts import Profile


def list_profiles(store: Store, name: str, *, limit: int) -> list[Profile]:
    """The profiles of the newest `limit` partitions, oldest first; those that no commit recorded are made now."""
    known = store.catalog.tables.profiles(name, limit=limit)
    return [_describe(store, profile) if _is_outline(profile) else profile for profile in known]


def _is_outline(profile: Profile) -> bool:
    return bool(profile.rows) and not any(column.facts for column in profile.columns)


def _describe(store: Store, outline: Profile) -> Profile:
    newest = get_readable(store, outline.table)
    files = store.catalog.tables.files(outline.table, newest.version or 0, [outline.partition])
    rows = store.lake.scan(files, [column.name for column in newest.columns]).collect()
    return profile_partition(outline.table, Partition(outline.partition, rows))
