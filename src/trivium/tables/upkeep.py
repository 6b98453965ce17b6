"""What follows a commit and may fail without losing anything: the mirror for other engines, and compaction."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from trivium.errors import UnsupportedValue
from trivium.store.store import Store
from trivium.tables.compact import compact_if_due
from trivium.tables.delta_mirror import mirror_table
from trivium.values.tables import Commit


class UpkeepFailed(UserWarning):
    """A commit stands, but what follows it did not work; the next commit tries again."""


def keep_up(store: Store, commit: Commit) -> None:
    """The table is in shape after a published commit. It never raises: the commit stands, whatever happens here."""
    if commit.version is None:
        return
    _try(commit, "mirrored as a Delta log", partial(_mirror, store, commit))
    for partition in commit.partitions:
        _try(commit, "compacted", partial(compact_if_due, store, commit, partition))


def _mirror(store: Store, commit: Commit) -> None:
    with suppress(UnsupportedValue):  # Delta Lake lacks a type of this table, which then has no mirror
        mirror_table(store, commit.table, commit)


def _try(commit: Commit, what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:  # an error here would make its caller commit the same rows again
        warnings.warn(
            f"Version {commit.version} of {commit.table} is committed, but could not be {what}: {error}. "
            "The next commit tries again.",
            UpkeepFailed,
            stacklevel=4,
        )
