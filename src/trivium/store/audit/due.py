"""When a checkpoint is due. Light: what signs is loaded when one is made, not before."""

from __future__ import annotations

import warnings
from datetime import timedelta
from importlib import import_module

from trivium.store.audit.places import OFF, Places, catalog_place, checkpoints_folder
from trivium.store.audit.witness_file import find_last
from trivium.store.store import Store
from trivium.values.audit import Checkpoint

EVERY = timedelta(hours=1)


class CheckpointNotMade(UserWarning):
    """A checkpoint of the audit log was due and could not be made."""


def checkpoint_if_due(store: Store, *, since: int = 0) -> Checkpoint | None:
    """There is a checkpoint of the last hour, unless the setting `checkpoints` is "off" or nothing happened since.

    since: the number of an event. Returns the checkpoint that was made, if any. A failure is a warning: the work that
    was done before is not worse for it.
    """
    try:
        if store.catalog.events.newest_number() == since or not is_due(store):
            return None
        made: Checkpoint = import_module("trivium.store.audit.checkpoints").make_checkpoint(store)
    except Exception as error:  # whatever it is, the command or worker that calls this has done its own work
        warnings.warn(
            f"No checkpoint of the audit log was made: {error} It is tried again later; the setting "
            f'`checkpoints = "{OFF}"` gives up this protection.',
            CheckpointNotMade,
            stacklevel=2,
        )
        return None
    return made


def is_due(store: Store) -> bool:
    """Whether there is no checkpoint of the last hour."""
    folder = checkpoints_folder(store.settings)
    if folder is None:
        return False
    places = Places(folder, store.catalog.audit.project_id(), catalog_place(store.settings))
    now = store.clock()
    lasts = [find_last(path) for path in places.witnesses() if places.is_here(path)]
    # A checkpoint of the future is as good as none: a clock that was wrong once must not end the checkpoints.
    return not any(last and abs(now - last.checkpoint.at) < EVERY for last in lasts)
