"""Opening the storage that the settings name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.settings import Settings
from trivium.store.local_storage import LocalStorage
from trivium.store.object_address import parse_object_address
from trivium.store.object_copies import ObjectCopies
from trivium.store.proven import Proven
from trivium.store.storage import Storage

if TYPE_CHECKING:
    from trivium.store import object_storage
else:
    object_storage = Deferred("trivium.store.object_storage")  # most projects are in a folder

CACHE = "cache"


def open_storage(settings: Settings, folder: str, *, environ: Mapping[str, str] = os.environ) -> Storage:
    """The storage below this folder ("tables", "blobs") of the setting `storage`; nothing is made or asked for yet.

    Copies of objects, and what is known of files, are in the project's own folder. environ: where keys are found.
    Raises Misuse for a URL of anything but S3, MissingExtra when its package is not installed.
    """
    proven = Proven(settings.state / CACHE / "proven")
    if "://" not in settings.storage:
        place = settings.root / Path(settings.storage).expanduser() / folder
        return LocalStorage(place, sync=settings.durability == "full", proven=proven)
    address = parse_object_address(settings.storage, environ).below(folder)
    return object_storage.ObjectStorage(address, ObjectCopies(settings.state / CACHE / "objects" / folder, proven))
