"""What was kept for an earlier run: as long as no file changed, it need not be read again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.digest import digest_of

MOST = 64
Stamp = tuple[int, int, int]


class Remembered(Struct, frozen=True):
    """An archive and what it was made of. stamps: {file or folder: (modified in ns, bytes, inode)}."""

    kept: str
    note: str
    files: tuple[str, ...]
    stamps: dict[str, Stamp]


class KeptBefore:
    """The archives of this project's last pipelines, in a file that may be lost."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, function: Callable[..., Any], reached: Iterable[str]) -> Remembered | None:
        """The archive of these files, when all of them are as they were; code without a file is always new."""
        known = self._read().get(_key(function, reached))
        same = known is not None and all(stamp_of(path) == stamp for path, stamp in known.stamps.items())
        return known if same else None

    def note(self, function: Callable[..., Any], reached: Iterable[str], made: Remembered) -> Remembered:
        """The archive will be found again."""
        if made.kept and made.stamps:
            known = self._read()
            known.pop(_key(function, reached), None)
            self._write({**dict(list(known.items())[-MOST:]), _key(function, reached): made})
        return made

    def _read(self) -> dict[str, Remembered]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, Remembered])
        except (OSError, msgspec.DecodeError):
            return {}

    def _write(self, known: Mapping[str, Remembered]) -> None:
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):  # it is only a shortcut
            aside.write_bytes(msgspec.json.encode(known))
            aside.replace(self.path)


def stamps_of(paths: Iterable[Path]) -> dict[str, Stamp]:
    """The stamps of those that are there."""
    return {str(path): stamp for path in paths if (stamp := stamp_of(str(path))) is not None}


def stamp_of(path: str) -> Stamp | None:
    """What changes when the file or folder does; None when it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116 # a Path takes three times as long
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _key(function: Callable[..., Any], reached: Iterable[str]) -> str:
    return digest_of("kept code", [getattr(function, "__qualname__", ""), sorted(reached)])
