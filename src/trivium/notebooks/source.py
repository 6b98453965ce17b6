"""What of a notebook's file decides what it computes: the code of its cells, and the user's own modules it imports."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.code.source import digest_file_code
from trivium.digest import digest_bytes
from trivium.errors import Misuse
from trivium.notebooks.notebook import Cell, read_notebook
from trivium.pipelines.imported import imported_files, is_users_own

TAG = "parameters"
READERS = frozenset(
    {"Table", "as_of", "read_output", "read_split", "current_store", "connect", "Labels", "Features", "query"}
)


class NotebookSource(Struct, frozen=True):
    """The code of the cells, one digest each, without comments and formatting, and of the modules that they reach.

    Outputs, counts, Markdown, metadata and names of files are no part of it.
    """

    cells: tuple[str, ...]
    modules: tuple[str, ...]


def read_source(file: Path, root: Path) -> tuple[NotebookSource, bool]:
    """The source, and whether something of it may read the store by itself. Raises Misuse when it is no notebook."""
    cells = [cell for cell in read_notebook(file) if cell.kind == "code"]
    text = "\n".join(_python(cell) for cell in cells)
    modules = _modules(file, text, root)
    reads = any(_reads_store(each) for each in (text, *(path.read_text(encoding="utf-8") for path in modules)))
    linecache.checkcache()
    digests = sorted({digest_file_code(str(path)) for path in modules})
    return NotebookSource(tuple(_digest(cell) for cell in cells), tuple(digests)), reads


def files_of(file: Path, root: Path) -> tuple[Path, ...]:
    """The notebook and the modules of the user's own that it reaches."""
    text = "\n".join(_python(cell) for cell in read_notebook(file) if cell.kind == "code")
    return (file, *_modules(file, text, root))


def list_parameters(file: Path) -> list[str] | None:
    """Names that the cell tagged "parameters" assigns; None without such a cell."""
    content = msgspec.json.decode(file.read_bytes())
    tagged = next((cell for cell in content["cells"] if is_tagged(cell)), None)
    if tagged is None:
        return None
    source = tagged["source"]
    try:
        statements = ast.parse(source if isinstance(source, str) else "".join(source)).body
    except SyntaxError as error:
        raise Misuse(
            f"The cell of {file.name} tagged {TAG!r} is not Python: {error.msg}, line {error.lineno}."
        ) from error
    names = (part for each in statements for target in _targets(each) for part in ast.walk(target))
    return [part.id for part in names if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]


def is_tagged(cell: dict[str, Any]) -> bool:
    """Whether parameters are put below this cell."""
    return TAG in cell.get("metadata", {}).get("tags", ())


def _targets(statement: ast.stmt) -> Sequence[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) else []


def _digest(cell: Cell) -> str:
    """Of what the cell does; of its text as it is, where only IPython understands it."""
    try:
        meaning = ast.dump(ast.parse(cell.text))
    except (SyntaxError, ValueError):
        meaning = cell.text.strip()
    return digest_bytes(meaning.encode())


def _python(cell: Cell) -> str:
    try:
        ast.parse(cell.text)
    except (SyntaxError, ValueError):
        return "\n".join(line for line in cell.text.splitlines() if not line.lstrip().startswith(("%", "!", "?")))
    return cell.text


def _modules(file: Path, text: str, root: Path) -> list[Path]:
    searched = [folder for entry in sys.path if is_users_own(folder := Path(entry or ".").resolve())]
    folders = list(dict.fromkeys([file.parent.resolve(), root.resolve(), *searched]))
    found: dict[Path, None] = {}
    open_ones = [(file, text)]
    while open_ones:
        path, source = open_ones.pop()
        for module, _ in imported_files(path, source, folders):
            if module not in found:
                found[module] = None
                open_ones.append((module, module.read_text(encoding="utf-8", errors="replace")))
    return sorted(found)


def _reads_store(text: str) -> bool:
    """Whether a name of it asks the store for rows. What it reads is then not known before it runs."""
    if "trivium" not in text:
        return False
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return True
    names = {each.attr for each in nodes if isinstance(each, ast.Attribute)}
    names |= {each.name for one in nodes if isinstance(one, ast.ImportFrom) for each in one.names}
    return bool(names & READERS)
