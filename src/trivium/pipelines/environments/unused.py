"""Built environments that nobody used for long, to be removed: they can be built again from their locks."""

from __future__ import annotations

import fcntl
import os
import shutil
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from msgspec import Struct

from trivium.ids import new_id
from trivium.pipelines.environments.build import environments_folder


class Built(Struct, frozen=True):
    """An environment on this machine: its folder's name, when it was used last, and its bytes.

    Files that it shares with uv's cache are counted, too; their space is free when that forgets them as well.
    """

    name: str
    used_at: datetime
    bytes: int


def list_built(zone: tzinfo | None = None) -> list[Built]:
    """The environments on this machine, those that were used last first; times are in this zone."""
    folder = environments_folder()
    found = [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
    built = [
        Built(each.name, datetime.fromtimestamp(each.stat().st_mtime, zone), _bytes(each))
        for each in found
        if not each.name.startswith(".")
    ]
    return sorted(built, key=lambda each: each.used_at, reverse=True)


def remove_unused(now: datetime, unused: timedelta, *, dry_run: bool = False) -> list[Built]:
    """Environments that were used last before that are removed, unless they are being built; returns them.

    dry_run: nothing is removed.
    """
    old = [each for each in list_built(now.tzinfo) if each.used_at < now - unused]
    return old if dry_run else [each for each in old if _remove(environments_folder() / each.name)]


def _remove(folder: Path) -> bool:
    turn = os.open(folder.with_name(f"{folder.name}.turn"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        aside = folder.with_name(f".{folder.name}.{new_id()}")
        folder.rename(aside)  # at once, so that nobody begins in half of one
        shutil.rmtree(aside, ignore_errors=True)
    except OSError:  # it is being built, or was removed meanwhile
        return False
    finally:
        os.close(turn)
    return True


def _bytes(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())
