"""Where bytes are kept: files by name, whole or absent, that never change once they are there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from trivium.errors import InvalidName

# No "." and "..", no separators and control signs, and no "%", with which other spellings of those begin.
SEGMENT = r"(?!\.{1,2}(?:/|\Z))[^/\\%\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}"
NAME = rf"{SEGMENT}(?:/{SEGMENT})*"  # compiled when a file is first named: its ranges take a millisecond


class Stat(NamedTuple):
    """A file's size, and the storage's own mark of its bytes: as long as the stamp is the same, so are the bytes."""

    bytes: int
    stamp: str


class StoredFile(NamedTuple):
    """A file as a listing finds it. `modified` is in UTC."""

    name: str
    bytes: int
    modified: datetime


class Wanted(NamedTuple):
    """A file to read: the digest (SHA-256) that its bytes must have, and the stamp that they had when it was taken."""

    name: str
    digest: str
    stamp: str = ""
    bytes: int = 0


class Places(NamedTuple):
    """Where an engine reads files: paths or addresses in the order of the files, and the options for addresses."""

    paths: list[str]
    options: dict[str, str] | None = None


class Storage(Protocol):
    """Immutable files by name ("flights/2024-01-01/01h.parquet"), in a folder or an object store.

    What was put survives a power loss, is seen whole or not at all, and is never replaced: of two writers at once that
    put different bytes under one name, one is told so. Any number of processes may read and write. Every method refuses
    a name that could leave the storage with InvalidName, and raises StorageUnavailable when the storage does not answer
    after a bounded time.
    """

    @property
    def folder(self) -> Path:
        """The local folder of the files, or of the copies of them that were fetched."""

    @property
    def syncs(self) -> bool:
        """Whether what is put has to be synced to the disk of that folder."""

    def put(self, name: str, data: bytes | memoryview, *, derived: bool = False) -> str:
        """The name holds these bytes; returns their stamp.

        derived: they can be made again, so they need not survive a power loss, after which they may be torn.
        Raises VersionConflict when it holds others, StorageFull when there is no room for them.
        """

    def put_file(self, name: str, write: Callable[[Path], None], *, digest: str = "") -> str:
        """The name holds what `write` put in the file whose path it was given; returns the stamp. Raises as `put`.

        digest: of these bytes, when it was just taken, so that it need not be compared where they are read from here.
        """

    def get(self, name: str) -> bytes:
        """The bytes, unchecked. Raises NotFound."""

    def digest(self, name: str) -> str:
        """SHA-256 of the bytes that are there now, read in pieces. Raises NotFound."""

    def stat(self, name: str) -> Stat | None:
        """Size and stamp; None when there is no such file."""

    def path(self, name: str) -> Path:
        """The local path where the file, or its copy, is or would be. Nothing is fetched or checked."""

    def local_paths(self, files: Sequence[Wanted]) -> list[str]:
        """Local paths at which the files' bytes are what their digests say, fetched when they are elsewhere.

        Bytes are read for their digest only when their stamp is not known. Raises NotFound or CorruptObject.
        """

    def places(self, files: Sequence[Wanted]) -> Places:
        """Where an engine that filters rows and columns by itself reads these files best. Raises as `local_paths`."""

    def list_files(self, prefix: str = "") -> Iterator[StoredFile]:
        """Every file, or those below a folder, one by one and in no order; also what broken writes left behind."""

    def delete(self, name: str) -> None:
        """The file is gone, here and from the local copies; nothing happens when it was not there."""


def checked_file_name(name: str) -> str:
    """The name itself, when it cannot mean anything but a file inside the storage. Raises InvalidName otherwise."""
    if not re.fullmatch(NAME, name):
        raise InvalidName(
            f"{name[:80]!r} cannot name a stored file: names are relative, of segments between single slashes, without "
            "'..', '%', backslashes and control signs."
        )
    return name


def gone(name: str, where: object) -> str:
    """The message for a file that should be there."""
    return f"The stored file {name} is gone from {where}; restore it from a back-up."


def changed(name: str, where: object) -> str:
    """The message for a file with other bytes than those that were stored."""
    return f"The stored file {name} in {where} was changed after it was written; restore it from a back-up."
