"""Bytes by content: what is stored under a digest never changes."""

from __future__ import annotations

import re
from pathlib import Path

from trivium.digest import digest_bytes, digest_file
from trivium.errors import CorruptObject, NotFound
from trivium.store.durable import write_durably

DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of immutable files named by the SHA-256 of their bytes."""

    def __init__(self, root: Path, *, sync: bool = True) -> None:
        self.root = root
        self.sync = sync

    def path(self, digest: str) -> Path:
        """Where the bytes of this digest are or would be. Raises NotFound for what is not a digest."""
        if not DIGEST.fullmatch(digest):
            raise NotFound(f"{digest[:80]!r} is not a content digest (64 hex digits).")
        return self.root / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Whether the bytes are here; it does not read them."""
        return self.path(digest).is_file()

    def put(self, data: bytes) -> str:
        """The bytes are stored durably; returns their digest."""
        digest = digest_bytes(data)
        if not self.has(digest):
            write_durably(self.path(digest), lambda aside: _write(aside, data), sync=self.sync)
        return digest

    def put_file(self, source: Path) -> str:
        """The file's bytes are stored durably; returns their digest. The file stays."""
        digest = digest_file(source)
        if not self.has(digest):
            write_durably(self.path(digest), lambda aside: _copy(source, aside), sync=self.sync)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes. Raises NotFound when absent, CorruptObject when they changed on disk."""
        path = self.path(digest)
        if not path.is_file():
            raise NotFound(f"The stored object {digest[:12]} is gone from {self.root}; restore it from a back-up.")
        data = path.read_bytes()
        if digest_bytes(data) != digest:
            raise CorruptObject(f"The stored object {digest[:12]} was changed on disk; restore it from a back-up.")
        return data


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(1 << 20):
            write.write(piece)
