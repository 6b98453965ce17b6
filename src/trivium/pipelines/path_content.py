"""What is in a file or folder that a task is given by its path: one digest, so that its key knows when it changes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from trivium.digest import digest_file, digest_of
from trivium.errors import CacheKeyError, UnsupportedValue

MOST_FILES = 100_000
MOST_KNOWN = 5 * MOST_FILES
SETTLED = 1.0  # seconds; a file that was written just now may be written again without a trace in its times

_known: dict[str, tuple[tuple[int, ...], str]] = {}


def digest_path(path: Path) -> str | None:
    """The digest of the file's bytes, or of the names and bytes of all files in the folder; None when there is neither.

    A name alone is no content: the same bytes elsewhere give the same digest. Raises CacheKeyError when they cannot be
    read, or are too many, for a pipe or device, and when a name is none that can be stored.
    """
    try:
        if not path.exists():
            return None
        storable_name(str(path))
        mode = path.stat().st_mode
        if S_ISREG(mode):
            return _digest_file(os.fspath(path.absolute()))
        if S_ISDIR(mode):
            return _digest_folder(path)
    except UnsupportedValue as error:
        raise CacheKeyError(str(error)) from None
    except OSError as error:
        raise CacheKeyError(f"{path} cannot be read to be compared ({error.strerror or error}).") from None
    raise CacheKeyError(f"{path} is a pipe or a device, which gives other bytes each time: write them to a file.")


def files_in(folder: Path) -> Iterator[str]:
    """The files of a folder at any depth, by their paths in it with "/"; links are followed, but not in circles."""
    root = os.fspath(folder)
    around: dict[str, frozenset[tuple[int, int]]] = {root: frozenset()}
    for place, folders, names in os.walk(root, followlinks=True, onerror=_raise):
        found = os.stat(place)  # noqa: PTH116 # texts, for there may be many: a Path takes longer than the system does
        above = around.pop(place)
        if (found.st_dev, found.st_ino) in above:  # a link to a folder around it
            folders.clear()
            continue
        within = above | {(found.st_dev, found.st_ino)}
        around |= {os.path.join(place, each): within for each in folders}  # noqa: PTH118 # as `walk` spells it
        inside = place[len(root) :].replace(os.sep, "/").strip("/")
        inside = f"{inside}/" if inside else ""
        yield from (inside + name for name in names if os.path.isfile(f"{place}/{name}"))  # noqa: PTH113 # see above


def storable_name(name: str) -> str:
    """The same name. Raises UnsupportedValue for a name in another encoding, which no text can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UnsupportedValue(f"The name of the file {name!a} is not UTF-8; give it another one.") from None
    return name


def _digest_folder(folder: Path) -> str:
    contents: list[tuple[str, str]] = []
    root = os.fspath(folder.absolute())
    for name in files_in(folder):
        if len(contents) == MOST_FILES:
            raise CacheKeyError(
                f"{folder} holds more than {MOST_FILES:,} files, too many to compare: give a smaller folder, a list "
                "of files, or its name as a text."
            )
        contents.append((storable_name(name), _digest_file(f"{root}/{name}")))
    return digest_of("folder", sorted(contents))


def _digest_file(path: str) -> str:
    """Read once for as long as its times and size say that nothing was written to it. path: absolute."""
    found = os.stat(path)  # noqa: PTH116 # see above
    signature = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    known = _known.get(path)
    if known is not None and known[0] == signature:
        return known[1]
    digest = digest_file(Path(path))
    if time.time() - max(found.st_mtime, found.st_ctime) > SETTLED:
        if len(_known) >= MOST_KNOWN:  # in a process that goes on for months
            _known.clear()
        _known[path] = (signature, digest)
    return digest


def _raise(error: OSError) -> None:
    raise error
