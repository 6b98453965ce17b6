"""Storage in a local folder."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from trivium.digest import digest_file
from trivium.errors import CorruptObject, Misuse, NotFound
from trivium.store.disk_errors import tell_disk_errors
from trivium.store.durable import delete_durably, write_durably
from trivium.store.proven import Proven
from trivium.store.storage import Places, Stat, StoredFile, Wanted, changed, checked_file_name, gone

T = TypeVar("T")


class LocalStorage:
    """Files under one folder, fsynced with `sync`. Links inside of it are refused: they could lead elsewhere."""

    def __init__(self, folder: Path, *, sync: bool = True, proven: Proven | None = None) -> None:
        self._folder = folder
        self._text = f"{folder}/"
        self._sync = sync
        self._proven = proven or Proven()

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder

    @property
    def syncs(self) -> bool:
        """See Storage."""
        return self._sync

    def put(self, name: str, data: bytes | memoryview, *, derived: bool = False) -> str:
        """See Storage."""
        return self._put(name, lambda aside: _write(aside, data), sync=self._sync and not derived)

    def put_file(self, name: str, write: Callable[[Path], None], *, digest: str = "") -> str:
        """See Storage."""
        stamp = self._put(name, write, sync=self._sync)
        if digest:
            self._proven.add(digest, stamp)
        return stamp

    def _put(self, name: str, write: Callable[[Path], None], *, sync: bool) -> str:
        path = self._checked(name, set())
        with tell_disk_errors(path):
            write_durably(path, write, sync=sync, fresh=True)
            return stamp_of(path.lstat())

    def get(self, name: str) -> bytes:
        """See Storage."""
        return self._read(name, Path.read_bytes)

    def digest(self, name: str) -> str:
        """See Storage."""
        return self._read(name, digest_file)

    def stat(self, name: str) -> Stat | None:
        """See Storage."""
        found = self._look(name, set())
        return None if found is None else Stat(found.st_size, stamp_of(found))

    def path(self, name: str) -> Path:
        """See Storage."""
        return self._folder / checked_file_name(name)

    def local_paths(self, files: Sequence[Wanted]) -> list[str]:
        """See Storage."""
        looked: set[str] = set()
        for file in files:
            found = self._look(file.name, looked)
            if found is None:
                raise NotFound(gone(file.name, self._folder))
            stamp = stamp_of(found)
            if stamp != file.stamp and not self._proven.holds(file.digest, stamp):
                self._prove(file, stamp)
        return [self._text + file.name for file in files]

    def places(self, files: Sequence[Wanted]) -> Places:
        """See Storage."""
        return Places(self.local_paths(files))

    def list_files(self, prefix: str = "") -> Iterator[StoredFile]:
        """See Storage."""
        if prefix:
            self._checked(f"{prefix}/x", set())
        start = self._text + prefix
        for folder, folders, names in os.walk(start):
            folders.sort()
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with suppress(FileNotFoundError):  # somebody deletes meanwhile
                    found = os.lstat(path)
                    if modes.S_ISREG(found.st_mode):
                        modified = datetime.fromtimestamp(found.st_mtime, UTC)
                        yield StoredFile(path[len(self._text) :], found.st_size, modified)

    def delete(self, name: str) -> None:
        """See Storage."""
        path = self._checked(name, set())
        with tell_disk_errors(path):
            delete_durably(path, sync=self._sync)

    def _prove(self, file: Wanted, stamp: str) -> None:
        if self.digest(file.name) != file.digest:
            raise CorruptObject(changed(file.name, self._folder))
        self._proven.add(file.digest, stamp)

    def _read(self, name: str, read: Callable[[Path], T]) -> T:
        path = self._checked(name, set())
        with tell_disk_errors(path):
            try:
                return read(path)
            except FileNotFoundError:
                raise NotFound(gone(name, self._folder)) from None

    def _checked(self, name: str, looked: set[str]) -> Path:
        self._look(name, looked)
        return self._folder / name

    def _look(self, name: str, looked: set[str]) -> os.stat_result | None:
        """What is at this name, None for nothing. Raises Misuse for a link or a folder. looked: folders seen before."""
        folder = checked_file_name(name).rpartition("/")[0]
        if folder not in looked:
            self._look_at_folders(folder)
            looked.add(folder)
        found = _lstat(self._text + name)
        if found is not None and not modes.S_ISREG(found.st_mode):
            raise Misuse(f"{self._text}{name} is no plain file, and links are not followed; put the file itself there.")
        return found

    def _look_at_folders(self, folder: str) -> None:
        path = str(self._folder)
        for part in folder.split("/") if folder else ():
            path = f"{path}/{part}"
            found = _lstat(path)
            if found is None:
                return
            if not modes.S_ISDIR(found.st_mode):
                raise Misuse(f"{path} is not a folder, and links are not followed; put the folder itself there.")


def stamp_of(found: os.stat_result) -> str:
    """The stamp of a local file. Nobody can set the time of its last change, so other bytes have another stamp."""
    return f"{found.st_ctime_ns}-{found.st_size}-{found.st_ino}"


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(path: Path, data: bytes | memoryview) -> None:
    path.write_bytes(data)
