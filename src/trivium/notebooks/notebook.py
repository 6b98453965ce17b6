"""A notebook as its file tells it: Markdown and code cells, in order (nbformat 4)."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.errors import Misuse


class Cell(Struct, frozen=True):
    """One cell. number: its place among all cells, from 1. count: what stands in `In [count]`, None if never run.

    has_output: whether something came out of it, also when its count is gone.
    """

    number: int
    kind: str
    text: str
    count: int | None = None
    has_output: bool = False

    @property
    def label(self) -> str:
        """How people find it: "cell 3 (In [5])"."""
        return f"cell {self.number}" + ("" if self.count is None else f" (In [{self.count}])")


class Statement(Struct, frozen=True, eq=False):
    """A statement at the top of a cell. text: its source, with the comments right above it."""

    cell: Cell
    node: ast.stmt
    text: str

    @property
    def place(self) -> str:
        """The cell and the line in it, from 1."""
        return f"{self.cell.label}, line {self.node.lineno}"


def read_notebook(file: Path) -> list[Cell]:
    """The Markdown and code cells of a notebook. Raises Misuse when the file is absent or no notebook of Python."""
    if not file.is_file():
        raise Misuse(f"There is no notebook {file}.")
    try:
        content = msgspec.json.decode(file.read_bytes())
        version, found = content["nbformat"], content["cells"]
        language = content.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        cells = [_cell(number, each) for number, each in enumerate(found, 1)]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise Misuse(f"{file} is no notebook of nbformat 4: {type(error).__name__}: {error}.") from error
    if version != 4 or language != "python":
        raise Misuse(f"{file} is of nbformat {version} in {language}; a notebook of nbformat 4 in Python is needed.")
    return [each for each in cells if each.kind in ("markdown", "code") and each.text.strip()]


def _cell(number: int, found: dict[str, Any]) -> Cell:
    text = found["source"]
    return Cell(
        number,
        found["cell_type"],
        text if isinstance(text, str) else "".join(text),
        found.get("execution_count"),
        bool(found.get("outputs")),
    )


def split_statements(cell: Cell, text: str) -> list[Statement]:
    """The statements of a cell whose text, without its magics, is this. Raises SyntaxError."""
    lines = text.splitlines()
    nodes = ast.parse(text).body
    shared = {line for first, second in pairwise(nodes)
              for line in [_begin(second)] if line <= (first.end_lineno or 0)}  # fmt: skip
    found, above = [], 0
    for node in nodes:
        begin, end = _begin(node), node.end_lineno or node.lineno
        if begin in shared or end in shared:
            source = ast.get_source_segment(text, node) or ast.unparse(node)
        else:
            while begin - 1 > above and lines[begin - 2].lstrip().startswith("#"):
                begin -= 1
            source = "\n".join(lines[begin - 1 : end])
        found.append(Statement(cell, node, source))
        above = end
    return found


def _begin(node: ast.stmt) -> int:
    """The first line of a statement, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
