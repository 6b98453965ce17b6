"""Which names a statement gives and needs, by what Python itself compiles it to."""

from __future__ import annotations
import __future__

import ast
import dis
import inspect
from types import CodeType

from msgspec import Struct

from trivium.notebooks.notebook import Statement

LOADS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})
STORES = frozenset({"STORE_NAME", "STORE_GLOBAL"})
AT_ONCE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
CHANGING = frozenset({"add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "reverse",
    "setdefault", "sort", "update"})  # fmt: skip


class Names(Struct, frozen=True):
    """What a statement does with the names at the top of a module; each needed name with its line.

    at_once: needed when the statement runs. later: needed when a function in it is called, or for a postponed
    annotation. quoted: may be meant by annotations that are text. changed: names whose values it changes in place.
    """

    binds: frozenset[str]
    deletes: frozenset[str]
    at_once: dict[str, int]
    later: dict[str, int]
    quoted: frozenset[str]
    changed: frozenset[str]

    @property
    def needs(self) -> frozenset[str]:
        """All of them that are spelled as names."""
        return frozenset({*self.at_once, *self.later})


def names_of(statement: Statement, *, postponed: bool = False) -> Names:
    """The names of a statement. postponed: annotations are not evaluated (`from __future__ import annotations`)."""
    walk = _Walk()
    walk.visit(_compile(statement.node, 0), at_once=True)
    at_once, later = walk.at_once, walk.later
    if postponed:
        strict = _Walk()
        strict.visit(_compile(statement.node, __future__.annotations.compiler_flag), at_once=True)
        later = {**{name: line for name, line in at_once.items() if name not in strict.at_once}, **later}
        at_once = strict.at_once
    return Names(
        frozenset(walk.stored - walk.deleted), frozenset(walk.deleted - walk.stored), at_once, later,
        frozenset(_quoted(statement.node)), frozenset(_changed(statement.node)),
    )  # fmt: skip


def _compile(node: ast.stmt, flags: int) -> CodeType:
    module = ast.Module(body=[node], type_ignores=[])
    code: CodeType = compile(module, "<cell>", "exec", flags=flags, dont_inherit=True)
    return code


class _Walk:
    def __init__(self) -> None:
        self.stored: set[str] = set()
        self.deleted: set[str] = set()
        self.at_once: dict[str, int] = {}
        self.later: dict[str, int] = {}

    def visit(self, code: CodeType, *, at_once: bool, is_class: bool = False) -> None:
        own: set[str] = set()  # what a class body binds is the class's
        for step in dis.get_instructions(code):
            name = str(step.argval)
            if isinstance(step.argval, CodeType):
                inner = step.argval
                body = not inner.co_flags & inspect.CO_OPTIMIZED
                self.visit(inner, at_once=at_once and (body or inner.co_name in AT_ONCE), is_class=body)
            elif step.opname in STORES:
                (own if is_class and step.opname == "STORE_NAME" else self.stored).add(name)
            elif step.opname == "DELETE_NAME" and not is_class:
                self.deleted.add(name)
            elif step.opname in LOADS and not (is_class and _is_of_class(step.opname, name, own)):
                self._need(name, step.positions.lineno if step.positions else None, at_once=at_once)

    def _need(self, name: str, line: int | None, *, at_once: bool) -> None:
        if at_once and name not in self.stored:
            self.at_once.setdefault(name, line or 1)
        elif not at_once:
            self.later.setdefault(name, line or 1)


def _is_of_class(load: str, name: str, own: set[str]) -> bool:
    """Whether a class body finds the name in itself; its comprehensions look at the module alone."""
    return load != "LOAD_GLOBAL" and (name in own or name.startswith("__"))


def _quoted(node: ast.stmt) -> set[str]:
    """Names in annotations that are written as text."""
    notes = [each for part in ast.walk(node) for each in (getattr(part, "annotation", None),
             getattr(part, "returns", None)) if each is not None]  # fmt: skip
    texts = [part.value for note in notes for part in ast.walk(note) if isinstance(part, ast.Constant)]
    found: set[str] = set()
    for text in texts:
        try:
            parsed = ast.parse(text, mode="eval") if isinstance(text, str) else None
        except (SyntaxError, ValueError):
            continue
        found |= {part.id for part in ast.walk(parsed) if isinstance(part, ast.Name)} if parsed else set()
    return found


def _changed(node: ast.stmt) -> set[str]:
    """Names whose values are changed in place: `RATES["a"] = 1`, `NAMES.append("b")`."""
    if isinstance(node, ast.Expr):
        call = node.value
        method = call.func if isinstance(call, ast.Call) else None
        changes = isinstance(method, ast.Attribute) and method.attr in CHANGING and isinstance(method.value, ast.Name)
        return {method.value.id} if changes else set()  # type: ignore[union-attr] # both are checked in `changes`
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [getattr(node, "target", None)]
    return {name for each in targets if isinstance(each, ast.Subscript | ast.Attribute) for name in [_base(each)]}


def _base(target: ast.expr) -> str:
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
