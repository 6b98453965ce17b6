"""What the catalog itself keeps of blobs: short texts, which so become durable with the fact that names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from trivium.store.storage import StoredFile

SMALL_BYTES = 16 << 10


class SmallBlobs(Protocol):
    """Short texts as their UTF-8 bytes, under their digests. A text under a digest is never replaced."""

    def record(self, blobs: Mapping[str, bytes]) -> None:
        """These are stored, all in one transaction, and durable as every fact."""

    def find(self, digest: str) -> bytes | None:
        """The bytes, unchecked, or None."""

    def delete(self, digest: str) -> None:
        """The bytes are gone; nothing happens when they were not here."""

    def list_digests(self) -> list[StoredFile]:
        """(digest, bytes, recorded) of all, by digest."""


def is_small(data: bytes) -> bool:
    """Whether the bytes are a text that every catalog can hold, and short enough for one."""
    if len(data) > SMALL_BYTES or b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
