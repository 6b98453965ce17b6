"""The text of a module from what a notebook defines, and the text of its test."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence

from trivium.notebooks.contents import DEFINITIONS, Contents
from trivium.notebooks.hidden_state import ALWAYS
from trivium.notebooks.imports import Import, write_imports
from trivium.notebooks.notebook import Cell, Statement

WIDTH = 100


def used_imports(contents: Contents) -> list[Import]:
    """The imports that the module needs, those of the future among them."""
    found = [each for imports in contents.imports.values() for each in imports]
    return [each for each in found if each.local in contents.used or each.module == "__future__"]


def unused_imports(contents: Contents) -> list[str]:
    """What only the left out statements need, as it is spelled."""
    found = [each for imports in contents.imports.values() for each in imports]
    used = used_imports(contents)
    return sorted({each.meaning for each in found if each not in used})


def write_module(name: str, cells: Sequence[Cell], contents: Contents) -> str:
    """The module: what the Markdown above the first code says, imports, constants, definitions.

    cells: of the notebook, with Markdown. name: of the notebook's file, for a module that nothing is said about.
    """
    title, comments = _explanations(cells, contents)
    constants = _constants(contents)
    others = [each for each in contents.kept if each not in constants]
    parts = [_docstring(title or f"Written from the notebook {name}."), write_imports(used_imports(contents))]
    parts.append("\n".join(_with_comment(each, comments) for each in constants))
    text = "\n\n".join(part for part in parts if part)
    after_definition = False
    for each in others:
        definition = isinstance(each.node, DEFINITIONS)
        text += "\n\n\n" if definition or after_definition or each is others[0] else "\n"
        text += _with_comment(each, comments)
        after_definition = definition
    return text + "\n"


def _constants(contents: Contents) -> list[Statement]:
    """Assignments that need nothing but imports and each other: they go above all definitions."""
    ready = {each.local for each in used_imports(contents)} | ALWAYS
    found: list[Statement] = []
    changed = [name for each in contents.kept for name in contents.names[each].changed | contents.names[each].binds]
    for each in contents.kept:
        names = contents.names[each]
        once = all(changed.count(name) == 1 for name in names.binds)
        if isinstance(each.node, ast.Assign | ast.AnnAssign) and names.binds and once and names.needs <= ready:
            found.append(each)
            ready |= names.binds
    return found


def _explanations(cells: Sequence[Cell], contents: Contents) -> tuple[str, dict[Statement, str]]:
    """(what the Markdown above the first code says, {statement: what that above its cell says})."""
    title, waiting, comments = "", "", {}
    code_seen = False
    for cell in cells:
        if cell.kind == "markdown":
            waiting = f"{waiting}\n\n{_plain(cell.text)}".strip()
            continue
        title = title if code_seen else waiting
        own = [each for each in contents.kept if each.cell == cell]
        about = next((each for each in own if isinstance(each.node, DEFINITIONS)), own[0] if own else None)
        if about is not None and code_seen and waiting:
            comments[about] = waiting
        waiting, code_seen = "", True
    return title, comments


def _plain(markdown: str) -> str:
    return "\n".join(line.lstrip("#").strip() if line.startswith("#") else line.rstrip()
        for line in markdown.strip().splitlines())  # fmt: skip


def _docstring(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', "'''")
    if escaped.endswith('"'):
        escaped += " "
    return f'"""{escaped}\n"""' if "\n" in escaped else f'"""{escaped}"""'


def _with_comment(statement: Statement, comments: dict[Statement, str]) -> str:
    lines = [short for line in comments.get(statement, "").splitlines()
             for short in textwrap.wrap(line, WIDTH) or [""]]  # fmt: skip
    return "".join(f"# {line}".rstrip() + "\n" for line in lines) + statement.text


def write_test(module: str, contents: Contents) -> str:
    """A test for each pipeline, on a small part of its inputs; for each task, where there is no pipeline.

    module: its dotted name, from the project's folder. What has parameters without defaults is skipped until somebody
    says what to give.
    """
    pipelines = contents.decorated("pipeline")
    tested = pipelines or contents.decorated("task")
    skips = any(_required(each) for each in tested)
    lines = [f'"""What {module} does, on a small part of its inputs. Say here what has to be true of it."""', ""]
    lines += ["import pytest"] if skips else []
    lines += ["from trivium.testing import assert_runs"] if pipelines else []
    lines += [""] if skips or pipelines else []
    lines.append(_from(module, sorted(each.name for each in tested)))
    for each in tested:
        lines += ["", "", *(_pipeline_test(each) if pipelines else _task_test(each))]
    return "\n".join(lines) + "\n"


def _from(module: str, names: list[str]) -> str:
    return write_imports([Import(module, name, name) for name in names])


def _pipeline_test(node: ast.FunctionDef) -> list[str]:
    given = "".join(f", {name}=..." for name in _required(node))
    return [
        *_skip(node),
        f"def test_{node.name}_runs_from_end_to_end() -> None:",
        f"    run = assert_runs({node.name}, share=0.01{given})",
        '    assert run.status == "succeeded"',
    ]


def _task_test(node: ast.FunctionDef) -> list[str]:
    given = ", ".join(f"{name}=..." for name in _required(node))
    return [
        *_skip(node),
        f"def test_{node.name}_gives_a_result() -> None:",
        f"    assert {node.name}({given}) is not None",
    ]


def _skip(node: ast.FunctionDef) -> list[str]:
    needed = _required(node)
    return [f'@pytest.mark.skip(reason="say what {node.name} is given as {", ".join(needed)}")'] if needed else []


def _required(node: ast.FunctionDef) -> list[str]:
    """Parameters without a default."""
    given = node.args
    positional = [each.arg for each in (*given.posonlyargs, *given.args)]
    keyword = [each.arg for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return positional[: len(positional) - len(given.defaults)] + keyword
