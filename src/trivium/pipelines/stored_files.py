"""Files and folders that tasks return by their paths: stored by content, and given to each reader as a copy."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from trivium.deferred import Deferred
from trivium.errors import CorruptObject, UnsupportedValue
from trivium.pipelines.copies import Copies
from trivium.pipelines.path_content import files_in, storable_name
from trivium.store.blobs import Blobs
from trivium.values.runs import ArtifactRef

if TYPE_CHECKING:
    import shutil
else:
    shutil = Deferred("shutil")  # few tasks make files

FILES = "files"


class StoredFile(NamedTuple):
    """One file: the digest of its bytes, and how many there are."""

    digest: str
    bytes: int


class StoredFiles(Struct, frozen=True):
    """The files of a folder by their paths in it; or a file alone, by its suffix, for readers go by that."""

    alone: bool
    files: dict[str, StoredFile]


_kept = Copies()  # outside of tasks
_copies: ContextVar[Copies] = ContextVar("copies", default=_kept)
atexit.register(_kept.remove)


def encode_files(path: Path, blobs: Blobs) -> ArtifactRef:
    """What is in the file, or in all files of the folder, is stored. Raises UnsupportedValue when there is neither.

    The name is kept beside the content, and is no part of it: it may be made up anew each time.
    """
    name = storable_name(os.path.abspath(path).rpartition("/")[2])  # noqa: PTH100 # it ends in no ".."
    if path.is_file():
        found = StoredFiles(True, {path.suffix: _put(path, blobs)})
    elif path.is_dir():
        found = StoredFiles(
            False, {each: _put(path / each, blobs) for each in sorted(map(storable_name, files_in(path)))}
        )
    else:
        raise UnsupportedValue(
            f"A Path stands for the file or folder there, but there is none at {str(path)!r}; "
            "return str(path) for a name."
        )
    size = sum(each.bytes for each in found.files.values())
    facts = {"type": "Path", "name": name, "files": len(found.files)}
    return ArtifactRef(FILES, blobs.put_text(msgspec.json.encode(found)), size, facts)


def decode_files(ref: ArtifactRef, blobs: Blobs) -> Path:
    """The path of a copy with the name that it had. Raises NotFound or CorruptObject.

    It is there until the task ends; outside of tasks, until the process does.
    """
    found = read_manifest(ref, blobs)
    copy = _inside(_copies.get().new_folder(), str(ref.facts["name"]))
    for name, file in found.files.items():
        target = copy if found.alone else _inside(copy, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blobs.local_path(file.digest), target)
    if not found.alone:
        copy.mkdir(exist_ok=True)  # also an empty folder
    return copy


def read_manifest(ref: ArtifactRef, blobs: Blobs) -> StoredFiles:
    """What is stored under this reference."""
    return msgspec.json.decode(blobs.get(ref.digest), type=StoredFiles)


def are_there(ref: ArtifactRef, blobs: Blobs) -> bool:
    """Whether each file is stored, with the size that it had. Raises NotFound or CorruptObject for the list of them."""
    return all(blobs.size(file.digest) == file.bytes for file in read_manifest(ref, blobs).files.values())


@contextmanager
def copies_gone_after() -> Iterator[None]:
    """Copies that are made inside the block are gone after it."""
    copies = Copies()
    token = _copies.set(copies)
    try:
        yield
    finally:
        _copies.reset(token)
        copies.remove()


@contextmanager
def copies_in(folder: Path) -> Iterator[None]:
    """Copies that are made inside the block are in this folder, whose owner removes them."""
    token = _copies.set(Copies(folder))
    try:
        yield
    finally:
        _copies.reset(token)


def _inside(folder: Path, name: str) -> Path:
    """The place of this name in the folder. Raises CorruptObject for one that leads out of it: whoever can write to the
    store could else write anywhere."""
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise CorruptObject(f"A stored file is named {name!r}, which leads out of its folder; it is not copied.")
    return folder / name


def _put(path: Path, blobs: Blobs) -> StoredFile:
    digest = blobs.put_file(path)
    return StoredFile(digest, blobs.size(digest) or 0)
