"""The prediction journal: a line is on its way to the disk before its answer is on its way to the caller.

A line is one `write` of the whole line to a file opened for appending, so it survives a kill of the gateway; it is
synced in the background, so a power loss may take the last moments. Segments become rows of the prediction table.
Who writes a segment holds a lock on it, which the system releases when the process dies: whoever collects takes only
what nobody writes to, whether or not the gateway answers just now.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.ids import Ids

SUFFIX = ".jsonl"


class Prediction(Struct, frozen=True):
    """One answer (or, from a shadow, what it would have answered).

    Where the model failed, `score` is None and `error` says why; `answered` then means that the caller got an error.
    """

    request_id: str
    version: int
    role: str
    answered: bool
    score: float | None
    record: dict[str, Any]
    asked_at: datetime
    latency_ms: float
    features: str = ""
    alerts: str = ""
    error: str = ""


class Journal:
    """Segments of one endpoint in one folder; the open one is this process's own."""

    def __init__(self, folder: Path, *, ids: Ids) -> None:
        self.folder = folder
        self.ids = ids
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._path: Path | None = None

    def append(self, predictions: Iterable[Prediction]) -> None:
        """The predictions are in the journal, in one write. Raises OSError when they cannot be, such as a full disk."""
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in predictions)
        with self._lock:
            if self._descriptor is None:
                self._open()
            assert self._descriptor is not None  # noqa: S101 # opened just above
            try:
                written = os.write(self._descriptor, lines)
                while written < len(lines):
                    written += os.write(self._descriptor, lines[written:])
            except OSError:
                # Half a line may be there; the next one goes elsewhere, so that the half stays the last of its file.
                os.close(self._descriptor)
                self._descriptor = self._path = None
                raise

    def sync(self) -> None:
        """What was appended so far survives a power loss."""
        with self._lock:
            if self._descriptor is not None:
                os.fsync(self._descriptor)

    def rotate(self) -> None:
        """The open segment is closed, synced and complete; the next line begins another."""
        with self._lock:
            if self._descriptor is not None:
                os.fsync(self._descriptor)
                os.close(self._descriptor)
            self._descriptor = self._path = None

    @property
    def open_segment(self) -> str | None:
        """Name of the segment that is still written to, or None."""
        return self._path.name if self._path else None

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        while self._descriptor is None:
            path = self.folder / f"{self.ids()}{SUFFIX}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            # Between making and locking it, a collector may have taken the empty file for one of a dead gateway.
            if lock_now(descriptor) and path.exists():
                self._descriptor, self._path = descriptor, path
            else:
                os.close(descriptor)


def list_segments(folder: Path) -> list[Path]:
    """Segments in the order in which they were begun."""
    return sorted(folder.glob(f"*{SUFFIX}"))


@contextmanager
def claim_segments(folder: Path) -> Iterator[Iterator[Path]]:
    """Inside the block the segments that nobody writes to are ours, in order; others who collect wait their turn."""
    folder.mkdir(parents=True, exist_ok=True)
    turn = os.open(folder / "collect.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield _unwritten(folder)
    finally:
        os.close(turn)


def _unwritten(folder: Path) -> Iterator[Path]:
    for path in list_segments(folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if lock_now(descriptor):
                yield path
        finally:
            os.close(descriptor)


def lock_now(descriptor: int) -> bool:
    """Whether the open file is locked by us from now on; False when somebody else holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_segment(path: Path) -> Iterator[Prediction]:
    """The segment's predictions. A torn last line was never acknowledged, and is left out."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line, type=Prediction)
