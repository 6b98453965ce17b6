"""The normalised form of code: what it does, without comments, docstrings, positions, decorators and file names."""

from __future__ import annotations

import ast
import dis
import linecache
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from msgspec import Struct

from trivium.digest import digest_of

PACKAGE = str(Path(__file__).parents[1])
USER_SIDE = str(Path(PACKAGE) / "demo")
STANDARD = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib")})
SILENT = frozenset({"decorator_list", "type_comment", "kind", "ctx"})
DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


class Names(Struct, frozen=True):
    """What a piece of code refers to: dotted names from its globals, and (module, level) pairs that it imports."""

    chains: tuple[tuple[str, ...], ...]
    imports: tuple[tuple[str, int], ...]


@lru_cache(maxsize=4096)
def is_first_party(file: str) -> bool:
    """Whether code in this file is the user's own: not of Python, of an installed package, or of Trivium."""
    if file.startswith("<"):
        return not file.startswith("<frozen")
    if "site-packages" in file or "dist-packages" in file or file.startswith(STANDARD):
        return False
    return not file.startswith(PACKAGE) or file.startswith(USER_SIDE)


def digest_code(code: CodeType) -> str:
    """The digest of what this code does.

    It is taken from the source, when the file still holds the very code that is loaded; from the bytecode otherwise
    (the file was edited since, or there is none), so that the digest never speaks of code that is not what runs.
    """
    return digest_source(code) or digest_of("bytecode", _bytecode(code))


def digest_file_code(file: str) -> str:
    """The digest of a whole module's code."""
    lines = tuple(linecache.getlines(file))
    return digest_of("module", normal_form(ast.parse("".join(lines))) if lines else file)


def digest_source(code: CodeType) -> str | None:
    """The digest of this code's source, or None when that is absent or holds other code by now."""
    linecache.checkcache(code.co_filename)
    lines = tuple(linecache.getlines(code.co_filename))
    if not lines:
        return None
    return _digest_lines(code.co_filename, lines, code)


@lru_cache(maxsize=4096)
def _digest_lines(file: str, lines: tuple[str, ...], code: CodeType) -> str | None:
    tree, compiled = _module_code(file, lines).get((code.co_qualname, code.co_firstlineno), (None, None))
    return digest_of("code", normal_form(tree)) if tree is not None and compiled == code else None


@lru_cache(maxsize=256)
def _module_code(file: str, lines: tuple[str, ...]) -> dict[tuple[str, int], tuple[ast.AST, CodeType]]:
    try:
        tree = ast.parse("".join(lines))
        module = compile(tree, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return {}
    trees = {_first_line(node): node for node in ast.walk(tree) if isinstance(node, DOCUMENTED[:2])}
    lambdas = _only_lambdas(tree)
    found: dict[tuple[str, int], tuple[ast.AST, CodeType]] = {}
    for code in _nested(module):
        node = (lambdas if code.co_name == "<lambda>" else trees).get(code.co_firstlineno)
        if node is not None and getattr(node, "name", "<lambda>") == code.co_name:
            found[code.co_qualname, code.co_firstlineno] = (node, code)
    return found


def _only_lambdas(tree: ast.AST) -> dict[int, ast.AST]:
    """Lambdas by line, where a line has only one: two on one line cannot be told apart."""
    found: dict[int, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, []).append(node)
    return {line: nodes[0] for line, nodes in found.items() if len(nodes) == 1}


def _first_line(node: Any) -> int:
    return int(min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]))


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)


def normal_form(node: ast.AST, *, inner: bool = False) -> list[Any]:
    """The tree as nested lists that only change when the code does; equal for every Python version."""
    fields: list[Any] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or (name in SILENT and not (inner and name == "decorator_list")):
            continue
        if name == "body" and isinstance(node, DOCUMENTED) and _is_text(value[0]):
            value = value[1:]  # noqa: PLW2901 # the docstring is not code
        fields.append([name, _normal_value(value)])
    return fields


def _normal_value(value: Any) -> Any:
    if isinstance(value, ast.AST):
        return normal_form(value, inner=True)
    if isinstance(value, list):
        return [_normal_value(each) for each in value]
    return value if isinstance(value, str) else [type(value).__name__, repr(value)]


def _is_text(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _bytecode(code: CodeType) -> list[Any]:
    constants = [_bytecode(each) if isinstance(each, CodeType) else _constant(each) for each in code.co_consts]
    names = [*code.co_names, "/", *code.co_varnames, "/", *code.co_freevars]
    return [sys.version_info[:2], code.co_code.hex(), constants, names, code.co_exceptiontable.hex()]


def _constant(value: Any) -> str:
    # A set literal of texts is a frozenset here, whose order differs from process to process.
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


@lru_cache(maxsize=4096)
def names_of(code: CodeType) -> Names:
    """What this code, and the functions inside it, refer to."""
    chains: list[tuple[str, ...]] = []
    imports: list[tuple[str, int]] = []
    for piece in (code, *_nested(code)):
        _read_names(piece, chains, imports)
    return Names(tuple(dict.fromkeys(chains)), tuple(dict.fromkeys(imports)))


def _read_names(code: CodeType, chains: list[tuple[str, ...]], imports: list[tuple[str, int]]) -> None:
    chained, level = False, 0
    for instruction in dis.get_instructions(code):
        if instruction.opname in LOADS:
            chains.append((instruction.argval,))
        elif instruction.opname in ATTRIBUTES and chained:
            chains[-1] = (*chains[-1], instruction.argval)
        elif instruction.opname == "IMPORT_NAME":
            imports.append((instruction.argval, level))
        chained = instruction.opname in LOADS or (chained and instruction.opname in ATTRIBUTES)
        if instruction.opname in ("LOAD_CONST", "LOAD_SMALL_INT") and isinstance(instruction.argval, int):
            level = instruction.argval
