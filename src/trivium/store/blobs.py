"""Bytes by content: what is stored under a digest never changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.digest import digest_bytes, digest_file
from trivium.errors import CorruptObject, NotFound, UnsupportedValue
from trivium.ids import new_id
from trivium.store.catalog.small_blobs import SmallBlobs, is_small
from trivium.store.disk_errors import tell_disk_errors
from trivium.store.followed import write_followed
from trivium.store.local_storage import LocalStorage
from trivium.store.storage import Storage, StoredFile, Wanted

if TYPE_CHECKING:
    import shutil
else:
    shutil = Deferred("shutil")  # it loads every kind of archive

DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """Immutable files named by the SHA-256 of their bytes, in one storage or a folder; short texts, in the catalog.

    small: the catalog's part, if any.
    """

    def __init__(self, storage: Storage | Path, small: SmallBlobs | None = None, *, sync: bool = True) -> None:
        self.storage = LocalStorage(storage, sync=sync) if isinstance(storage, Path) else storage
        self.small = small

    @property
    def root(self) -> Path:
        """The folder of the files, or of their local copies."""
        return self.storage.folder

    def path(self, digest: str) -> Path:
        """Where the file of this digest, or its local copy, is or would be; nothing is fetched or compared.

        What the catalog keeps has no file.
        """
        return self.storage.path(_name(digest))

    def local_path(self, digest: str) -> Path:
        """A path where the bytes can be read, as they were stored. Raises NotFound and CorruptObject."""
        if self._find_small(digest) is not None:
            self.storage.put(_name(digest), self.get(digest), derived=True)
        return Path(self.storage.local_paths([Wanted(_name(digest), digest)])[0])

    def has(self, digest: str) -> bool:
        """Whether the bytes are here; it does not read them."""
        return self.size(digest) is not None

    def size(self, digest: str) -> int | None:
        """How many bytes there are; None when they are not here."""
        small = self._find_small(digest)
        if small is not None:
            return len(small)
        found = self.storage.stat(_name(digest))
        return None if found is None else found.bytes

    def put(self, data: bytes) -> str:
        """The bytes are stored durably; returns their digest."""
        digest = digest_bytes(data)
        if not self.has(digest):
            self.storage.put(_name(digest), data)
        return digest

    def put_text(self, data: bytes) -> str:
        """The same for bytes that may be a short text, which the catalog keeps: one transaction instead of a file."""
        if self.small is None or not is_small(data):
            return self.put(data)
        digest = digest_bytes(data)
        self.small.record({digest: data})
        return digest

    def put_file(self, source: Path) -> str:
        """The file's bytes are stored durably; returns their digest. The file stays.

        Raises UnsupportedValue when somebody writes to it meanwhile.
        """
        digest = digest_file(source)
        if not self.has(digest):
            self.storage.put_file(_name(digest), lambda aside: _copy(source, aside, digest), digest=digest)
        return digest

    def put_made(self, make: Callable[[Path], None], *, in_order: bool = False) -> tuple[str, int]:
        """What `make` puts in the file whose path it is given is stored durably; returns digest and size.

        in_order: it puts every byte once, from the first to the last, and many of them, so that they are hashed and
        synced meanwhile. Raises StorageFull when there is no room for it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        made = self.root / f".made-{new_id()}"
        try:
            with tell_disk_errors(made):
                if in_order:
                    digest, size = write_followed(made, make, sync=self.storage.syncs)
                else:
                    make(made)
                    digest, size = digest_file(made), made.stat().st_size
            if not self.has(digest):
                self.storage.put_file(_name(digest), lambda aside: _move(made, aside), digest=digest)
            return digest, size
        finally:
            made.unlink(missing_ok=True)

    def get(self, digest: str) -> bytes:
        """The bytes. Raises NotFound when absent, CorruptObject when they changed."""
        small = self._find_small(digest)
        data = self.storage.get(_name(digest)) if small is None else small
        if digest_bytes(data) != digest:
            raise CorruptObject(f"The stored object {digest[:12]} was changed; restore it from a back-up.")
        return data

    def is_intact(self, digest: str) -> bool:
        """Whether all the bytes are here as they were stored; they are read."""
        small = self._find_small(digest)
        if small is not None:
            return digest_bytes(small) == digest
        return self.has(digest) and self.storage.digest(_name(digest)) == digest

    def delete(self, digest: str) -> None:
        """The bytes are gone for good; nothing happens when they were not here."""
        self.storage.delete(_name(digest))
        if self.small is not None:
            self.small.delete(digest)

    def list_digests(self) -> Iterator[StoredFile]:
        """(digest, bytes, modified) of all that is stored. What an interrupted write left comes by its own name."""
        for file in self.storage.list_files():
            yield file._replace(name=file.name.rpartition("/")[2])
        if self.small is not None:
            yield from self.small.list_digests()

    def _find_small(self, digest: str) -> bytes | None:
        _name(digest)
        return None if self.small is None else self.small.find(digest)


def _name(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise NotFound(f"{digest[:80]!r} is not a content digest (64 hex digits).")
    return f"{digest[:2]}/{digest}"


def _move(source: Path, target: Path) -> None:
    shutil.move(source, target)


def _copy(source: Path, target: Path, digest: str) -> None:
    copied = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(1 << 20):
            copied.update(piece)
            write.write(piece)
    if copied.hexdigest() != digest:
        raise UnsupportedValue(f"{source} was changed while it was stored; write all of it first, and close it.")
