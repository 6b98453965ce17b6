"""An act that is made from a version is made again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from trivium.errors import VersionConflict
from trivium.store.store import Store
from trivium.tables.draft_files import files_of_draft

T = TypeVar("T")
ATTEMPTS = 20


def repeat_on_conflict(store: Store, act: Callable[[Store], T]) -> T:
    """What the act returns. It is made again after a VersionConflict; the last of 20 attempts raises it.

    The act is given the store that it writes through: files of an attempt that failed do not stay.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _attempt(store, act)
        except VersionConflict:
            continue
    return _attempt(store, act)


def _attempt(store: Store, act: Callable[[Store], T]) -> T:
    with files_of_draft(store) as noting:
        return act(noting)
