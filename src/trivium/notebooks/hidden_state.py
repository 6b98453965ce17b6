"""What a notebook's results may hang on that its cells, read from the first to the last, do not tell."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from itertools import pairwise

from trivium.notebooks.contents import Contents
from trivium.notebooks.notebook import Cell, Statement

ALWAYS = frozenset({*dir(builtins), "__name__", "__doc__", "__builtins__"})
OF_IPYTHON = frozenset({"display", "get_ipython", "In", "Out", "exit", "quit"})


def hidden_state(cells: Sequence[Cell], contents: Contents) -> list[str]:
    """Every reason not to trust the code cells, each with its cell, line and name; none when all is told."""
    return [
        *_order(cells),
        *contents.problems,
        *_undefined(contents),
        *_defined_twice(contents),
        *_results(contents),
    ]


def _order(cells: Sequence[Cell]) -> Iterator[str]:
    ran = [cell for cell in cells if cell.count is not None]
    for before, cell in pairwise(ran):
        if (cell.count or 0) <= (before.count or 0):
            yield f"{cell.label} ran before {before.label}, which stands above it"
    for cell in cells:
        if cell.count is None and cell.has_output:
            yield f"{cell.label} has an output and no count, so nobody knows when it ran"
        elif cell.count is None and ran:
            yield f"{cell.label} never ran, and others did"


def _undefined(contents: Contents) -> Iterator[str]:
    """Names that are needed and were not given before; functions may need what their own cell gives below them."""
    known: set[str] = set()
    whole = {
        cell: {name for each in contents.statements if each.cell == cell for name in contents.names[each].binds}
        for cell in {each.cell for each in contents.statements}
    }
    kept = set(contents.kept)
    for each in contents.statements:
        names = contents.names[each]
        given = known | ALWAYS | (frozenset() if each in kept else OF_IPYTHON)
        missing = {name: line for name, line in names.at_once.items() if name not in given}
        later = given | whole[each.cell]
        missing |= {name: line for name, line in names.later.items() if name not in later}
        for name, line in sorted(missing.items(), key=lambda one: one[1]):
            yield f"{each.cell.label}, line {line}: {_why_undefined(name, each, contents)}"
        if any(found.name == "*" for found in contents.imports.get(each, ())):
            yield f"{each.place}: `{each.text}` does not say which names it gives; import them by name"
        known = (known | names.binds) - names.deletes


def _why_undefined(name: str, user: Statement, contents: Contents) -> str:
    if name in OF_IPYTHON:
        return f"`{name}` is there in a notebook only"
    where = [each.cell.label for each in contents.statements if name in contents.names[each].binds]
    below = f", but below, in {where[-1]}" if where else ""
    return f"`{name}` is not defined in the cells above{below}"


def _defined_twice(contents: Contents) -> Iterator[str]:
    """Names of the module that two cells give different contents."""
    first: dict[str, tuple[str, Statement]] = {}
    needed = contents.used | {name for each in contents.kept for name in contents.names[each].binds}
    for each in contents.statements:
        found = {one.local: one.meaning for one in contents.imports.get(each, ())}
        for name in sorted(contents.names[each].binds & needed):
            content = found.get(name) or ast.dump(each.node)
            known, before = first.setdefault(name, (content, each))
            if content != known and before.cell != each.cell:
                yield f"{each.place}: `{name}` is defined again, and otherwise than in {before.place}"


def _results(contents: Contents) -> Iterator[str]:
    """Values that definitions need and that only running a pipeline gives."""
    pipelines = {node.name for node in contents.decorated("pipeline")}
    for each in contents.kept:
        calls = [part.func for part in ast.walk(each.node) if isinstance(part, ast.Call)]
        runs = [call for call in calls if isinstance(call, ast.Attribute) and call.attr == "run"]
        ran = {call.value.id for call in runs if isinstance(call.value, ast.Name)} & pipelines
        if ran and isinstance(each.node, ast.Assign | ast.AnnAssign):
            given = ", ".join(f"`{name}`" for name in sorted(contents.names[each].binds))
            yield f"{each.place}: {given} is what a run of {min(ran)} gave; make it an argument of what needs it"
