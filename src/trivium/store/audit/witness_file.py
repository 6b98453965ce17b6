"""A file of signed checkpoints, one JSON object a line, to which lines are only ever added.

A line is `{"checkpoint":{...},"signature":"<128 hex digits>"}`; the signature covers the bytes of the inner object as
they stand. A process that dies while adding may leave half a line; the next one begins a line of its own after it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from trivium.digest import canonical_json, digest_bytes
from trivium.errors import StoreBusy
from trivium.store.disk_errors import tell_disk_errors
from trivium.values.audit import Checkpoint

if TYPE_CHECKING:
    from trivium.store.audit.signing import SigningKey

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.01
DIGEST_DOMAIN = b"checkpoint\0"
PIECE = 1 << 16
LONGEST = 1 << 20


class SignedCheckpoint(Struct, frozen=True):
    """A checkpoint with its signature; `raw` are the signed bytes."""

    raw: bytes
    signature: str
    checkpoint: Checkpoint

    @property
    def digest(self) -> str:
        """SHA-256 of the signed bytes under a domain tag: what the next checkpoint names as `previous`."""
        return digest_bytes(DIGEST_DOMAIN + self.raw)


class Line(Struct, frozen=True):
    """One line: its number from 1, what it says (None when it says nothing that can be read), whether it is ended."""

    number: int
    signed: SignedCheckpoint | None
    ended: bool


class _Spelled(Struct):
    checkpoint: msgspec.Raw
    signature: str


def sign(key: SigningKey, checkpoint: Checkpoint) -> SignedCheckpoint:
    """The checkpoint, signed."""
    raw = canonical_json(checkpoint)
    return SignedCheckpoint(raw, key.sign(raw), checkpoint)


def parse_line(text: bytes) -> SignedCheckpoint | None:
    """What a line says, or None."""
    try:
        spelled = msgspec.json.decode(text, type=_Spelled)
        raw = bytes(spelled.checkpoint)
        return SignedCheckpoint(raw, spelled.signature, msgspec.json.decode(raw, type=Checkpoint))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_lines(path: Path) -> Iterator[Line]:
    """Every line that is not empty, in order; none when there is no file."""
    try:
        with tell_disk_errors(path), path.open("rb") as file:
            for number, text in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
                if text.strip():
                    yield Line(number, parse_line(text), text.endswith(b"\n"))
    except FileNotFoundError:
        return


def find_last(path: Path) -> SignedCheckpoint | None:
    """The last checkpoint that can be read, found from the end; None when there is no file or nothing in it."""
    try:
        with tell_disk_errors(path), path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            for length in (PIECE, end):
                file.seek(max(0, end - length))
                for text in reversed(file.read().splitlines()):
                    if (signed := parse_line(text)) is not None:
                        return signed
    except FileNotFoundError:
        return None
    return None


@dataclass(frozen=True)
class Appender:
    """The file, while nobody else adds to it."""

    path: Path
    descriptor: int

    def add(self, signed: SignedCheckpoint) -> None:
        """The checkpoint is the last line, and stays so after a power loss."""
        line = b'{"checkpoint":' + signed.raw + b',"signature":"' + signed.signature.encode() + b'"}\n'
        begun = b"" if self._is_at_line_start() else b"\n"
        with tell_disk_errors(self.path):
            _write_all(self.descriptor, begun + line)
            os.fsync(self.descriptor)

    def _is_at_line_start(self) -> bool:
        end = os.lseek(self.descriptor, 0, os.SEEK_END)
        return end == 0 or os.pread(self.descriptor, 1, end - 1) == b"\n"


@contextmanager
def appending(path: Path) -> Iterator[Appender]:
    """Inside the block, only this process adds to the file, which is there. Raises StoreBusy when others hold it."""
    with tell_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _lock(descriptor, path)
        _sync_folders(path)
        yield Appender(path, descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _lock(descriptor: int, path: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreBusy(
                    f"Another process was adding a checkpoint to {path} for {PATIENCE_SECONDS:g} seconds, so none was "
                    "made. Repeat it; if it stays so, end that process."
                ) from None
            time.sleep(PAUSE_SECONDS)


def _sync_folders(path: Path) -> None:
    """The file's name, and those of the two folders above it, survive a power loss."""
    for folder in list(path.parents)[:3]:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
