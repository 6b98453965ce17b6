"""Bytes by content: what is stored under a digest never changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from trivium.digest import digest_bytes, digest_file
from trivium.errors import CorruptObject, NotFound
from trivium.store.local_storage import LocalStorage
from trivium.store.storage import Storage, StoredFile, Wanted

DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """Immutable files named by the SHA-256 of their bytes, in one storage or a folder."""

    def __init__(self, storage: Storage | Path, *, sync: bool = True) -> None:
        self.storage = LocalStorage(storage, sync=sync) if isinstance(storage, Path) else storage

    @property
    def root(self) -> Path:
        """The folder of the files, or of their local copies."""
        return self.storage.folder

    def path(self, digest: str) -> Path:
        """Where the file of this digest, or its local copy, is or would be; nothing is fetched or compared."""
        return self.storage.path(_name(digest))

    def local_path(self, digest: str) -> Path:
        """A path where the bytes can be read, as they were stored. Raises NotFound and CorruptObject."""
        return Path(self.storage.local_paths([Wanted(_name(digest), digest)])[0])

    def has(self, digest: str) -> bool:
        """Whether the bytes are here; it does not read them."""
        return self.size(digest) is not None

    def size(self, digest: str) -> int | None:
        """How many bytes there are; None when they are not here."""
        found = self.storage.stat(_name(digest))
        return None if found is None else found.bytes

    def put(self, data: bytes) -> str:
        """The bytes are stored durably; returns their digest."""
        digest = digest_bytes(data)
        if not self.has(digest):
            self.storage.put(_name(digest), data)
        return digest

    def put_file(self, source: Path) -> str:
        """The file's bytes are stored durably; returns their digest. The file stays."""
        digest = digest_file(source)
        if not self.has(digest):
            self.storage.put_file(_name(digest), lambda aside: _copy(source, aside))
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes. Raises NotFound when absent, CorruptObject when they changed."""
        data = self.storage.get(_name(digest))
        if digest_bytes(data) != digest:
            raise CorruptObject(f"The stored object {digest[:12]} was changed; restore it from a back-up.")
        return data

    def is_intact(self, digest: str) -> bool:
        """Whether all the bytes are here as they were stored; they are read."""
        return self.has(digest) and self.storage.digest(_name(digest)) == digest

    def delete(self, digest: str) -> None:
        """The bytes are gone for good; nothing happens when they were not here."""
        self.storage.delete(_name(digest))

    def list_digests(self) -> Iterator[StoredFile]:
        """(digest, bytes, modified) of all that is stored. What an interrupted write left comes by its own name."""
        for file in self.storage.list_files():
            yield file._replace(name=file.name.rpartition("/")[2])


def _name(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise NotFound(f"{digest[:80]!r} is not a content digest (64 hex digits).")
    return f"{digest[:2]}/{digest}"


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(1 << 20):
            write.write(piece)
