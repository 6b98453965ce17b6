"""What a pipeline needs of a notebook, or of anything else that was typed in: its source, without the rest."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterable, Sequence

from trivium.code.source import is_first_party

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def cell_sources(files: Iterable[str]) -> list[str]:
    """The texts of all cells of this session, in the order in which they ran; outside of a notebook, of the code that
    these names stand for, which are no files. Empty where nobody kept the text."""
    reached = [name for name in files if is_first_party(name) and linecache.getlines(name)]
    entered = getattr(sys.modules.get("__main__"), "In", None)
    if reached and isinstance(entered, list):
        return [str(each) for each in entered if each]
    return ["".join(linecache.getlines(name)) for name in sorted(reached)]


def needed_source(cells: Sequence[str], name: str) -> str:
    """The definitions, imports and assignments that the one with this name needs, as the text of one module.

    Of several with one name, the last counts. What only acts (a call on a line of its own) is left out.
    """
    statements = [statement for cell in cells for statement in _statements(cell)]
    defined = {each: index for index, statement in enumerate(statements) for each in _defines(statement)}
    needed = {index for index, each in enumerate(statements) if getattr(each, "module", None) == "__future__"}
    open_ones = [name]
    while open_ones:
        index = defined.get(open_ones.pop())
        if index is not None and index not in needed:
            needed.add(index)
            open_ones += [node.id for node in ast.walk(statements[index]) if isinstance(node, ast.Name)]
            open_ones += _quoted(statements[index])
    return "\n\n".join(ast.unparse(statements[index]) for index in sorted(needed)) + "\n" if name in defined else ""


def _statements(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(cell).body
    except (SyntaxError, ValueError):
        return []


def _defines(statement: ast.stmt) -> list[str]:
    if isinstance(statement, DEFINITIONS):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _quoted(statement: ast.stmt) -> list[str]:
    """Names in annotations that are written as text."""
    texts = [node.value for node in ast.walk(statement) if isinstance(node, ast.Constant)]
    return [part for text in texts if isinstance(text, str) and len(text) < 80 for part in text.split(".")[:1]]
