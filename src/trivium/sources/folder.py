"""Rows of several files: a folder, or a pattern such as `data/2024-*.csv`."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from trivium.digest import digest_file, digest_of
from trivium.errors import Misuse
from trivium.frames.files import OPENERS, open_file
from trivium.frames.stream import Stream, Wish


def open_folder(path: Path, wish: Wish) -> Stream:
    """The rows of all files of rows in a folder and below it, in the order of their names.

    Hidden files and links that lead out of the folder are left out. Raises Misuse when there are none.
    """
    root = path.resolve()
    found = sorted(each for each in path.rglob("*") if _is_rows(each, path) and each.resolve().is_relative_to(root))
    if not found:
        raise Misuse(f"The folder {path} has no Parquet, CSV, JSON lines or Arrow file in it.")
    return _open_all(str(path), [(str(each.relative_to(path)), each) for each in found], wish)


def open_pattern(pattern: str, wish: Wish) -> Stream:
    """The rows of all files whose path is like this, in the order of their names. Raises Misuse when there are none."""
    found = sorted(Path(each) for each in glob.glob(pattern, recursive=True) if Path(each).is_file())  # noqa: PTH207
    if not found:
        raise Misuse(f"No file is named like {pattern!r}.")
    return _open_all(pattern, [(str(each), each) for each in found], wish)


def is_pattern(text: str) -> bool:
    """Whether this is a pattern of paths, and no path of its own."""
    return glob.has_magic(text) and not Path(text).exists()


def _is_rows(path: Path, root: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
    return not hidden and path.suffix.lower() in OPENERS and path.is_file()


def _open_all(name: str, files: Sequence[tuple[str, Path]], wish: Wish) -> Stream:
    digest = digest_of("source", [[named, digest_file(path)] for named, path in files])
    return Stream(name, _pieces([path for _, path in files], wish), None, digest)


def _pieces(files: Sequence[Path], wish: Wish) -> Iterator[pl.DataFrame]:
    for number, path in enumerate(files):
        scratch = wish.scratch / str(number)
        scratch.mkdir()
        yield from open_file(path, Wish(scratch, wish.types, wish.time), identify=False).frames
