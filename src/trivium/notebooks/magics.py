"""What IPython understands and Python does not: magics, shell escapes and questions."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from msgspec import Struct

from trivium.notebooks.notebook import Cell

LOOKS = frozenset({"matplotlib", "autoreload", "load_ext", "reload_ext", "config", "timeit", "who", "whos", "who_ls",
    "history", "pwd", "lsmagic", "precision", "pdoc", "pinfo", "psource", "xmode", "prun", "memit"})  # fmt: skip
PASSED_ON = frozenset({"time", "capture"})  # what follows is ordinary code
SHELL_LOOKS = frozenset({"ls", "pwd", "cat", "head", "tail", "wc", "du", "df", "nvidia-smi"})
INSTALL = re.compile(r"(?:(?:uv|\S*python\S*|\{sys\.executable\})\s+(?:-m\s+)?)?(?:pip3?|conda|mamba)\s+install\s+(.+)")
ESCAPE = re.compile(r"^(\s*)(?:(!!?|%%?|\?\??)(.*)|(.*[\w\])])(\?\??)\s*)$")
ASSIGNED = re.compile(r"^\s*[\w, .\[\]\"']+=\s*[%!]")


class Plain(Struct, frozen=True):
    """A cell's Python alone, line by line as before; what was said of its magics; and what cannot be dropped."""

    text: str
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def without_magics(cell: Cell) -> Plain:
    """The cell without what only IPython understands.

    Magics that change what is seen, not what is computed, are dropped with a note, and so are installations. Any other
    magic or shell escape is a problem, named with its line.
    """
    try:
        ast.parse(cell.text)
    except (SyntaxError, ValueError):
        return _translate(cell, cell.text.splitlines())
    return Plain(cell.text)


def _translate(cell: Cell, lines: Sequence[str]) -> Plain:
    kept, notes, problems = [], [], []
    first = next(line for line in lines if line.strip()).strip()
    if first.startswith("%%timeit"):
        return Plain("", (f"{cell.label}: timed by %%timeit, left out",))
    for number, line in enumerate(lines, 1):
        place = f"{cell.label}, line {number}"
        escape = ESCAPE.match(line)
        if ASSIGNED.match(line):
            problems.append(f"{place}: `{line.strip()}` takes a value from outside of Python; read it in Python")
            kept.append(line.split("=")[0] + "= None")
        elif escape is None:
            kept.append(line)
        else:
            passed, note, problem = _judge(escape)
            kept.append(escape[1] + passed)
            notes += [f"{place}: {note}"] if note else []
            problems += [f"{place}: {problem}"] if problem else []
    return Plain("\n".join(kept), tuple(notes), tuple(problems))


def _judge(escape: re.Match[str]) -> tuple[str, str, str]:
    """(the Python in its place, a note, a problem)"""
    sign, rest = escape[2], (escape[3] or "").strip()
    word = re.split(r"\s", rest, maxsplit=1)[0]
    if sign is None or sign.startswith("?"):
        return "pass", "a question to IPython, left out", ""
    install = INSTALL.match(rest)
    if install is not None:
        return "pass", f"installs {install[1].strip()}: name it among the project's requirements", ""
    if sign.startswith("%") and word in PASSED_ON:
        return rest[len(word) :].strip() * (sign == "%") or "pass", f"{sign}{word} left out", ""
    looks = word in LOOKS and sign == "%"
    if looks or (sign.startswith("!") and word in SHELL_LOOKS and not re.search(r"[>|;&]", rest)):
        return "pass", f"{sign}{rest} left out", ""
    return "pass", "", f"`{sign}{rest}` does something that only IPython can; write it in Python, or delete it"
