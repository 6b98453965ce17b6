"""Which files of the user's own a file imports, read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from trivium.code.source import PACKAGE, is_first_party

NAMES = r"(?:\([^)]*\)|(?:[^\n;\\]|\\\n)+)"
IMPORT = re.compile(rf"(?:^|[;:])[ \t]*(from[ \t]+[.\w]+[ \t]+import\b[ \t]*{NAMES}|import[ \t]+{NAMES})", re.MULTILINE)


def is_users_own(path: Path) -> bool:
    """Whether the file is neither of Python, of an installed package, nor of Trivium."""
    return is_first_party(str(path)) and not path.is_relative_to(PACKAGE)


def imported_files(path: Path, source: str, folders: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """(file, folder that it is imported from) of everything of the user's own that this source imports, also inside its
    functions; every package on the way counts. What is not found in the folders is somebody else's."""
    for node in _import_statements(source):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _find(alias.name, folders)
        else:
            yield from _find_from(node, path, folders)


def _import_statements(source: str) -> list[ast.Import | ast.ImportFrom]:
    """Those of the source. Only what looks like one is parsed, which takes a twentieth of parsing everything."""
    like = "\n".join(each.strip() for each in IMPORT.findall(source))
    for text in (like, source):
        try:
            return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
        except (SyntaxError, ValueError):
            continue  # prose that begins like an import: the whole source tells
    return []


def _find_from(node: ast.ImportFrom, path: Path, folders: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    names = [f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names]
    if not node.level:
        for name in names:
            yield from _find(name, folders)
        return
    base = path.parents[min(node.level, len(path.parents)) - 1]
    home = next((folder for folder in folders if base.is_relative_to(folder) and base != folder), base)
    for name in names:
        for file, _ in _find(name, [base]):
            yield file, home


def _find(name: str, folders: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """The module and the packages around it; the last part may as well be a name inside of a module."""
    first = name.partition(".")[0]
    home = next((folder for folder in folders if _module(folder / first) or (folder / first).is_dir()), None)
    if home is None:
        return
    place = home
    for part in name.split("."):
        place = place / part
        file = _module(place)
        if file is not None and is_users_own(file):
            yield file, home


def _module(place: Path) -> Path | None:
    return next((file for file in (place / "__init__.py", place.with_name(f"{place.name}.py")) if file.is_file()), None)
