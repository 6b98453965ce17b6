"""Local copies of objects: fetched once, compared with their digest, dropped when they were not read for long."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from trivium.digest import digest_file
from trivium.errors import CorruptObject
from trivium.store.durable import write_durably
from trivium.store.proven import Proven

LIMIT_BYTES = 20 << 30
IN_USE_SECONDS = 3600.0  # a frame that was scanned may not have been read yet
IDLE_SECONDS = 7 * 24 * 3600.0


class ObjectCopies:
    """A folder of copies by the objects' names, shared by processes; losing it loses nothing.

    limit: bytes that the copies may take; those that were not read for longest go first, but none that was read within
    the last hour. Copies that nobody read for a week go in any case, so that erased rows do not linger.
    """

    def __init__(self, folder: Path, proven: Proven, *, limit: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self._proven = proven
        self._limit = limit
        self._untrimmed = limit

    def find(self, name: str, digest: str) -> str | None:
        """The path of the copy, when there is one that has this digest."""
        path = f"{self.folder}/{name}"
        try:
            found = os.stat(path)  # noqa: PTH116 # a thousand of them, several times faster
        except (FileNotFoundError, NotADirectoryError):
            return None
        stamp = _stamp(found)
        if not self._proven.holds(digest, stamp):
            if digest_file(Path(path)) != digest:
                return None
            self._proven.add(digest, stamp)
        _note_use(path, found)
        return path

    def add(self, name: str, digest: str, write: Callable[[Path], None]) -> str:
        """The copy is what `write` puts in the file that it is given; returns its path. Raises CorruptObject."""
        path = self.folder / name

        def write_checked(aside: Path) -> None:
            write(aside)
            if digest_file(aside) != digest:
                raise CorruptObject

        write_durably(path, write_checked)
        found = path.stat()
        self._proven.add(digest, _stamp(found))
        self._untrimmed += found.st_size
        if self._untrimmed > self._limit // 20:
            self.trim()
        return str(path)

    def drop(self, name: str) -> None:
        """There is no copy of this object."""
        (self.folder / name).unlink(missing_ok=True)

    def trim(self) -> None:
        """The copies are within the limit, as far as none of them is in use."""
        self._untrimmed = 0
        now = time.time()
        copies = sorted(_list_copies(self.folder))
        total = sum(size for _, size, _ in copies)
        for read_at, size, path in copies:
            idle = now - read_at
            if idle > IDLE_SECONDS or (total > self._limit and idle > IN_USE_SECONDS):
                path.unlink(missing_ok=True)
                total -= size


def _stamp(found: os.stat_result) -> str:
    # Noting a use sets the time of the last change; the time of the last writing stays.
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"


def _note_use(path: str, found: os.stat_result) -> None:
    now = time.time_ns()
    if now - found.st_atime_ns > IN_USE_SECONDS / 4 * 1e9:
        os.utime(path, ns=(now, found.st_mtime_ns))


def _list_copies(folder: Path) -> list[tuple[float, int, Path]]:
    found = []
    for path in folder.rglob("*"):
        try:
            stat = path.stat()
        except FileNotFoundError:  # another process trims, too
            continue
        if path.is_file():
            found.append((stat.st_atime, stat.st_size, path))
    return found
