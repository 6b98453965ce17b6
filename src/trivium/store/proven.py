"""What was read and compared once need not be read for its digest again."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

LARGEST = 16 << 20


class Proven:
    """Pairs of digest and stamp that were seen to belong together, kept in a file between processes.

    Losing the file costs one reading of the bytes that it told of.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._pairs: set[str] | None = None
        self._guard = Lock()

    def holds(self, digest: str, stamp: str) -> bool:
        """Whether bytes with this stamp had this digest."""
        return f"{digest} {stamp}" in self._known()

    def add(self, digest: str, stamp: str) -> None:
        """The bytes with this stamp have this digest."""
        pair = f"{digest} {stamp}"
        if pair in self._known():
            return
        self._known().add(pair)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as lines:  # short lines: processes do not tear each other's
                lines.write(f"{pair}\n")

    def _known(self) -> set[str]:
        if self._pairs is None:
            with self._guard:
                if self._pairs is None:  # threads that come at once read the file once, and share what they add
                    self._pairs = _read(self._file) if self._file is not None and self._file.is_file() else set()
        return self._pairs


def _read(file: Path) -> set[str]:
    if file.stat().st_size > LARGEST:
        file.unlink(missing_ok=True)
        return set()
    # A line that was cut short by a power loss matches no pair.
    return set(file.read_text(encoding="utf-8", errors="replace").splitlines())
