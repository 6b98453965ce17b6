"""What the partitions of a table look like, also of one whose columns nobody watches."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.checks.partition import Partition
from trivium.checks.pii import mask_profile
from trivium.checks.profile import profile_partition
from trivium.store.store import Store
from trivium.tables.read import get_readable
from trivium.values.alerts import Alert, Profile
from trivium.values.tables import DataFile


def list_profiles(store: Store, name: str, *, limit: int) -> list[Profile]:
    """The profiles of the newest `limit` partitions, oldest first; those that no commit recorded are made now."""
    known = store.catalog.tables.profiles(name, limit=limit)
    return [_published(store, profile) if _is_outline(profile) else profile for profile in known]


def find_alerted_profile(store: Store, alert: Alert) -> Profile | None:
    """What the alert's partition looked like to its check.

    None when no commit raised the alert. Of a table whose columns nobody watches, the profile is made from the rows
    that are kept aside; once they are settled, it tells rows and types only.
    """
    if alert.commit is None:
        return None
    judged = store.catalog.tables.judgements(alert.commit)
    profile = next((each.profile for each in judged if each.partition == alert.partition), None)
    if profile is None or not _is_outline(profile):
        return profile
    commit = store.catalog.tables.get_commit(alert.commit)
    files = [file for file in commit.added if file.partition == alert.partition]
    return _describe(store, profile, files, ()) if files and commit.state == "quarantined" else profile


def _is_outline(profile: Profile) -> bool:
    return bool(profile.rows) and not any(column.facts for column in profile.columns)


def _published(store: Store, outline: Profile) -> Profile:
    newest = get_readable(store, outline.table)
    files = store.catalog.tables.files(outline.table, newest.version or 0, [outline.partition])
    return _describe(store, outline, files, [column.name for column in newest.columns])


def _describe(store: Store, outline: Profile, files: Sequence[DataFile], columns: Sequence[str]) -> Profile:
    rows = store.lake.scan(files, columns).collect()
    profile = profile_partition(outline.table, Partition(outline.partition, rows))
    return mask_profile(profile, store.catalog.tables.get_spec(outline.table).pii)
