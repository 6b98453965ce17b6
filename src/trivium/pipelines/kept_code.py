"""The code of a run, kept when it starts: what the pipeline reaches, what that imports, and the lock file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from trivium.code.notebook_file import SUFFIX, without_outputs
from trivium.pipelines.cells import cell_sources, needed_source
from trivium.pipelines.code import code_of, file_of, git_patch
from trivium.pipelines.code_archive import CodeIndex, pack
from trivium.pipelines.import_place import folder_imported_from, imported_names
from trivium.pipelines.imported import imported_files, is_users_own
from trivium.pipelines.kept_before import KeptBefore, Remembered, Stamp, stamps_of
from trivium.pipelines.reach import reach
from trivium.store.blobs import Blobs
from trivium.store.store import Store
from trivium.values.runs import Code

LOCKS = ("pylock.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock")
MOST_BYTES_OF_A_FILE = 1 << 20
MOST_BYTES = 16 << 20
SECRET = re.compile(r"secret|credential|passw|private_?key|local_settings", re.IGNORECASE)
CELLS = "notebook_cells.py"
NOTES_SHOWN = 3


def keep_code(function: Callable[..., Any], store: Store, files: Sequence[Path] = ()) -> Code:
    """Where the function's code came from, and the digest of the archive in which all of it is kept.

    files: of code that the function does not reach by itself, such as notebooks; kept without their outputs.
    """
    reached = reach(function, tolerant=True)
    every = (*reached.files, *map(str, files))
    code = code_of(function, store.settings.root, reached)
    before = KeptBefore(store.settings.state / "kept_code.json")
    known = before.find(function, every)
    if known is None or not store.blobs.has(known.kept):
        gathered = Gathering(store.settings.root).gather(function, every)
        known = before.note(function, every, gathered.keep(function, store.blobs))
    patch = git_patch([file for file in known.files if file.endswith(".py")]) if code.dirty else b""
    return replace(code, kept=known.kept, note=known.note, patch=store.blobs.put(patch) if patch else "")


@dataclass
class Gathering:
    """Files on their way into an archive: `files` by their names there, `origins` by the same names."""

    root: Path
    files: dict[str, bytes] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    folders: dict[Path, None] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    bytes: int = 0

    def gather(self, function: Callable[..., Any], reached: Iterable[str]) -> Gathering:
        """Everything that the function reaches, with what its files import."""
        names = imported_names()
        found = [Path(file) for file in sorted(reached, key=lambda file: file != file_of(function))]
        own = [path.resolve() for path in found if path.is_file() and is_users_own(path)]
        searched = [folder for entry in sys.path if is_users_own(folder := Path(entry or os.curdir).resolve())]
        open_ones = [(path, folder_imported_from(path, names)) for path in own]
        self.folders = dict.fromkeys(folder for _, folder in open_ones)
        while open_ones:
            path, folder = open_ones.pop(0)
            source = self._take(path, folder)
            if source is not None:
                open_ones += imported_files(path, source, [*self.folders, *searched])
        if self.files:
            self._take_lock()
        self._take_cells(function, [file for file in reached if not Path(file).is_file()])
        return self

    def keep(self, function: Callable[..., Any], blobs: Blobs) -> Remembered:
        """The files are stored as one archive."""
        # In these folders another file could appear that is found first.
        stamps = self.stamps | stamps_of({*self.folders, *(path.parent for path in self.origins.values())})
        kept = blobs.put(pack(self.index(function), self.files)) if self.files else ""
        files = tuple(str(path) for name, path in self.origins.items() if name in self.files)
        return Remembered(kept, self.note(), files, {} if CELLS in self.files else stamps)

    def index(self, function: Callable[..., Any]) -> CodeIndex:
        """The archive's index."""
        main = next((name for name, path in self.origins.items() if str(path) == _resolved(file_of(function))), "")
        folders = tuple(dict.fromkeys(self._name_of(folder, folder) for folder in self.folders))
        return CodeIndex(
            main=main or (CELLS if CELLS in self.files else ""),
            function=getattr(function, "__qualname__", ""),
            folders=folders,
            left_out=dict(sorted(self.left_out.items())),
        )

    def note(self) -> str:
        """What is not kept, and why."""
        notes = [f"{name}: {why}" for name, why in sorted(self.left_out.items())]
        more = f"; and {len(notes) - NOTES_SHOWN} more" if len(notes) > NOTES_SHOWN else ""
        return "; ".join(notes[:NOTES_SHOWN]) + more

    def _take(self, path: Path, folder: Path) -> str | None:
        """The file's source, when it is new; it is kept, unless there is a reason not to."""
        name = self._name_of(path, folder)
        if name in self.files or name in self.left_out:
            return None
        self.folders.setdefault(folder)
        self.stamps |= stamps_of([path])  # before it is read: a change in between is seen the next time
        data = without_outputs(path.read_bytes()) if path.suffix == SUFFIX else path.read_bytes()
        why = self._refusal(path, len(data))
        self.origins[name] = path
        if why:
            self.left_out[name] = why
            return None
        self.files[name] = data
        self.bytes += len(data)
        return data.decode("utf-8", errors="replace")

    def _take_lock(self) -> None:
        lock = next((path for name in LOCKS if (path := self.root / name).is_file()), None)
        if lock is not None:
            self._take(lock.resolve(), self.root.resolve())

    def _take_cells(self, function: Callable[..., Any], places: list[str]) -> None:
        """What was typed in has no file; its text is kept as one."""
        if Path(file_of(function)).is_file():
            return  # generated code, such as the methods of a dataclass, has no file either
        source = needed_source(cell_sources(places), getattr(function, "__name__", ""))
        if source:
            self.files[CELLS] = source.encode()
            self.folders.setdefault(self.root.resolve())
        else:
            self.left_out[CELLS] = "nobody kept the text of what was typed in"

    def _refusal(self, path: Path, size: int) -> str:
        if SECRET.search(path.name):
            return "its name says that it holds secrets"
        if size > MOST_BYTES_OF_A_FILE:
            return f"it has {size:,} bytes, more than {MOST_BYTES_OF_A_FILE:,}"
        return f"the code has more than {MOST_BYTES:,} bytes" if self.bytes + size > MOST_BYTES else ""

    def _name_of(self, path: Path, folder: Path) -> str:
        """The name inside the archive: from the project's root, else from a folder with a number."""
        if path.is_relative_to(self.root.resolve()):
            return path.relative_to(self.root.resolve()).as_posix()
        outside = [each for each in (*self.folders, folder) if not each.is_relative_to(self.root.resolve())]
        return (Path("outside") / str(outside.index(folder)) / path.relative_to(folder)).as_posix()


def _resolved(file: str) -> str:
    return str(Path(file).resolve()) if file else ""
