"""What a task prints, in a file while it runs: bounded, followed by others, and its end kept on record."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from trivium.pipelines.log import KEPT

UNSAFE = re.compile(r"[^A-Za-z0-9_.,=@+\[\]-]")
MOST_BYTES = 64 << 20
LARGE_BYTES = 1 << 20
SPARED_BYTES = 64 << 20
NOTE = "... {} bytes of this log were dropped here ...\n"


class TaskLog:
    """The file of one node of one run. `echo` gives what came since the last time."""

    echoed = KEPT

    def __init__(self, folder: Path, node: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{UNSAFE.sub('_', node)[:200]}.log"
        self._seen = self._begun = self._size()

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def echo(self) -> str:
        """What was printed since the last call; of very much, the end."""
        size = self._size()
        if size <= self._seen:
            return ""
        start, self._seen = max(self._seen, size - self.echoed), size
        return self._read(start, size)

    def bound(self) -> None:
        """A file that has grown too large, or large on a disk that is nearly full, keeps its end: what a task prints
        must not take the room that its result and its record need."""
        size = self._size()
        if size <= LARGE_BYTES or (size <= MOST_BYTES and shutil.disk_usage(self.path).free > SPARED_BYTES):
            return
        end = self._read(size - KEPT, size)
        with self.path.open("r+b") as file:  # those who write append, so they go on behind this
            file.truncate(0)
            file.write((NOTE.format(f"{size - KEPT:,}") + end).encode())
        self._seen, self._begun = self._size(), 0

    def write(self, text: str) -> None:
        """Somebody else has printed this, where the file cannot be reached."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    def tail(self) -> str:
        """The end of what this attempt printed. A file with nothing in it is removed."""
        self.bound()
        size = self._size()
        if not size:
            self.path.unlink(missing_ok=True)
            return ""
        return self._read(max(self._begun, size - KEPT), size)

    def _read(self, start: int, end: int) -> str:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start).decode(errors="replace")
