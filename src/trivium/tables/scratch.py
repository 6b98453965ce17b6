"""Folders for what does not fit into memory, which do not outlive the process that works in them."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trivium.store.store import Store


@contextmanager
def scratch_folder(store: Store, kind: str) -> Iterator[Path]:
    """An empty folder beside the store, gone afterwards; those that were left behind by what was killed go as well."""
    home = store.settings.state / kind
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    folder = home / store.ids()
    begun = home / f".{folder.name}"  # not swept: it has its name only when it is locked
    begun.mkdir()
    with (begun / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begun.rename(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(home: Path) -> None:
    for folder in home.glob("[!.]*"):
        try:
            with (folder / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody is at work there, or has just begun
