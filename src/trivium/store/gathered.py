"""Small blobs on their way: they are stored together with the fact that names them."""

from __future__ import annotations

from collections.abc import Mapping

from trivium.store.blobs import Blobs
from trivium.store.catalog.small_blobs import SmallBlobs
from trivium.store.storage import StoredFile
from trivium.store.store import Store


def gather(store: Store) -> tuple[GatheredBlobs, Blobs]:
    """The store's blobs for one writer: small ones that it puts wait in what comes first."""
    gathered = GatheredBlobs(store.catalog.small_blobs)
    return gathered, Blobs(store.blobs.storage, gathered)


class GatheredBlobs:
    """Implements `SmallBlobs` for one writer: what it records waits to be taken, and can be found meanwhile."""

    def __init__(self, stored: SmallBlobs) -> None:
        self._stored = stored
        self._waiting: dict[str, bytes] = {}

    def record(self, blobs: Mapping[str, bytes]) -> None:
        self._waiting.update(blobs)

    def find(self, digest: str) -> bytes | None:
        waiting = self._waiting.get(digest)
        return self._stored.find(digest) if waiting is None else waiting

    def delete(self, digest: str) -> None:
        self._waiting.pop(digest, None)
        self._stored.delete(digest)

    def list_digests(self) -> list[StoredFile]:
        return self._stored.list_digests()

    def take(self) -> dict[str, bytes]:
        """All that waited; whoever takes it has to store it."""
        taken, self._waiting = self._waiting, {}
        return taken
