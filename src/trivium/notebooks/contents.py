"""What of a notebook belongs into a module: tasks, pipelines, tables, and all that they need."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from msgspec import Struct

from trivium.notebooks.imports import Import, imports_of
from trivium.notebooks.magics import without_magics
from trivium.notebooks.names import Names, names_of
from trivium.notebooks.notebook import Cell, Statement, split_statements

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
DECLARED = frozenset({"trivium.Table", "trivium.Endpoint", "trivium.on"})


class Contents(Struct, frozen=True):
    """A notebook's statements with their names, in order, and which of them go into a module.

    imports: of all cells, by statement. problems: of cells that are not Python by themselves. notes: what was dropped.
    """

    statements: tuple[Statement, ...]
    names: dict[Statement, Names]
    imports: dict[Statement, list[Import]]
    kept: tuple[Statement, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def used(self) -> frozenset[str]:
        """Every name that the kept statements need."""
        return frozenset(name for each in self.kept for name in self.names[each].needs | self.names[each].quoted)

    @property
    def left_out(self) -> list[Statement]:
        """Statements that only explore, in order."""
        aside = {*self.kept, *self.imports}
        return [each for each in self.statements if each not in aside and not isinstance(each.node, ast.Pass)]

    def meaning(self, node: ast.expr) -> str:
        """The dotted name that a decorator or a call stands for: "trivium.task", whatever it is imported as."""
        if isinstance(node, ast.Call):
            return self.meaning(node.func)
        if isinstance(node, ast.Attribute):
            return f"{self.meaning(node.value)}.{node.attr}"
        known = {each.local: each.meaning for found in self.imports.values() for each in found}
        return known.get(node.id, "") if isinstance(node, ast.Name) else ""

    def decorated(self, kind: str) -> list[ast.FunctionDef]:
        """The kept functions with this decorator of Trivium: "task" or "pipeline"."""
        functions = [each.node for each in self.kept if isinstance(each.node, ast.FunctionDef)]
        return [node for node in functions for each in node.decorator_list if _is_ours(self.meaning(each), kind)]


def find_contents(cells: Iterable[Cell]) -> Contents:
    """The code cells, taken apart. Whether they can be trusted is not judged here."""
    statements: list[Statement] = []
    notes: list[str] = []
    problems: list[str] = []
    for cell in cells:
        plain = without_magics(cell)
        notes += plain.notes
        problems += plain.problems
        try:
            statements += split_statements(cell, plain.text)
        except SyntaxError as error:
            problems.append(f"{cell.label}, line {error.lineno}: not Python: {error.msg}")
    postponed = any(each.module == "__future__" for one in statements for each in imports_of(one))
    names = {each: names_of(each, postponed=postponed) for each in statements}
    imports = {each: found for each in statements if (found := imports_of(each))}
    whole = Contents(tuple(statements), names, imports, (), tuple(notes), tuple(problems))
    return Contents(whole.statements, names, imports, _kept(whole), whole.notes, whole.problems)


def _kept(contents: Contents) -> tuple[Statement, ...]:
    """The declarations and what they reach, each text once."""
    givers: dict[str, list[Statement]] = {}
    for each in contents.statements:
        names = contents.names[each]
        for name in (names.binds | names.changed) if each not in contents.imports else ():
            givers.setdefault(name, []).append(each)
    open_ones = [each for each in contents.statements if _is_declaration(contents, each)]
    kept: set[Statement] = set()
    while open_ones:
        each = open_ones.pop()
        if each not in kept:
            kept.add(each)
            names = contents.names[each]
            open_ones += [one for name in names.needs | names.quoted | names.binds for one in givers.get(name, ())]
    return _once([each for each in contents.statements if each in kept])


def _once(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Without definitions that are there a second time, word for word."""
    found: dict[str, Statement] = {}
    for place, each in enumerate(statements):
        again = ast.dump(each.node) if isinstance(each.node, DEFINITIONS) else str(place)
        found.setdefault(again, each)
    return tuple(found.values())


def _is_declaration(contents: Contents, statement: Statement) -> bool:
    node = statement.node
    if isinstance(node, DEFINITIONS):
        return any(_is_ours(contents.meaning(each)) for each in node.decorator_list)
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    simple = isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr)
    return simple and any(contents.meaning(each) in DECLARED for each in calls)


def _is_ours(meaning: str, kind: str | None = None) -> bool:
    """Whether a dotted name is one of Trivium's, of this kind."""
    parts = meaning.split(".")
    return parts[0] == "trivium" and len(parts) > 1 and kind in (None, parts[-1])
