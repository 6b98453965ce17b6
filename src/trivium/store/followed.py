"""A file that is followed while it is written: when its last byte is there, its digest is known and most of it synced.

Hashing and syncing 100 MB afterwards takes as long as compressing them did.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from trivium.digest import digest_file

PIECE_BYTES = 1 << 20
SYNCED_BYTES = 16 << 20
PAUSE = 0.002


def write_followed(path: Path, write: Callable[[Path], None], *, sync: bool = False) -> tuple[str, int]:
    """The file is what `write` put there; returns its SHA-256 and size in bytes.

    write: puts every byte once, from the first to the last: what it would go back to has been hashed. sync: bytes go to
    the disk meanwhile, which leaves less to do for who makes them durable. Raises OSError when the disk fails at it.
    """
    path.touch()
    ended = Event()
    digest = RunningDigest(path, ended)
    followers = [digest, EarlySync(path, ended)] if sync else [digest]
    try:
        for follower in followers:
            follower.start()
        write(path)
    finally:
        ended.set()
        for follower in followers:
            if follower.ident is not None:
                follower.join()
    for follower in followers:
        if follower.error is not None:  # the system tells a failed sync once, and not again to who syncs next
            raise follower.error
    size = path.stat().st_size
    # With another size, it was not the file at this path that was followed to its end.
    return (digest.hexdigest if digest.size == size else digest_file(path)), size


class Follower(Thread):
    """Does something with a file as it grows, until it has `ended`. error: what kept it from doing so."""

    def __init__(self, path: Path, ended: Event) -> None:
        super().__init__(daemon=True)
        self.path, self.ended = path, ended
        self.error: OSError | None = None

    def run(self) -> None:
        try:
            self.follow()
        except OSError as error:
            self.error = error

    def follow(self) -> None:
        raise NotImplementedError


class RunningDigest(Follower):
    """Hashes it. size: how many bytes were hashed."""

    def __init__(self, path: Path, ended: Event) -> None:
        super().__init__(path, ended)
        self._sha256 = hashlib.sha256()
        self.size = 0

    @property
    def hexdigest(self) -> str:
        """Of the bytes that were hashed."""
        return self._sha256.hexdigest()

    def follow(self) -> None:
        piece = memoryview(bytearray(PIECE_BYTES))
        with self.path.open("rb", buffering=0) as file:
            while True:
                whole = self.ended.is_set()
                if count := file.readinto(piece):
                    self._sha256.update(piece[:count])
                    self.size += count
                elif whole:
                    return
                else:
                    self.ended.wait(PAUSE)


class EarlySync(Follower):
    """Syncs it whenever it has grown by much."""

    def follow(self) -> None:
        synced = 0
        with self.path.open("rb", buffering=0) as file:
            while not self.ended.wait(PAUSE):
                size = os.fstat(file.fileno()).st_size
                if size >= synced + SYNCED_BYTES:
                    os.fsync(file.fileno())
                    synced = size
