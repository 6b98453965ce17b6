"""What can make a task give another result each time: random numbers without a seed, the clock, rows without order."""

from __future__ import annotations

import ast
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trivium.pipelines.reach import reach

SEED = 0
CLOCK = frozenset({
    "time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.localtime", "time.gmtime",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "uuid.uuid1",
})  # fmt: skip
CHANCE = frozenset({"uuid.uuid4", "os.urandom", "os.getpid", "random.SystemRandom"})
GENERATORS = frozenset({
    "numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.Generator", "random.Random",
})  # fmt: skip
SHARED = ("random.", "numpy.random.", "torch.rand", "secrets.")
UNORDERED = frozenset({"group_by", "unique"})
SEEDING = frozenset({"random.seed", "numpy.random.seed", "torch.manual_seed"})
PLACES = frozenset({"random.setstate", "random.getstate", "numpy.random.get_state", "numpy.random.set_state"})


def chancy_calls(function: Callable[..., Any]) -> tuple[str, ...]:
    """The calls in the code that the function reaches that can give another result each time, such as
    "random.random (flow.py:7)"; those for random numbers only where nothing seeds them.

    ".group_by (flow.py:9)" is a method of that name that is not told to maintain the order of rows, as of polars.
    """
    reached = reach(function, tolerant=True)
    names = {name for name, _ in reached.code}
    calls: dict[str, str] = {}
    for file in sorted(reached.files):
        for name, line, given in _calls(Path(file), names):
            kind = _kind(name, given=given)
            if kind:
                calls.setdefault(f"{name} ({Path(file).name}:{line})", kind)
    seeded = "seed" in calls.values()
    return tuple(
        call for call, kind in calls.items() if kind in ("clock", "order") or (kind == "chance" and not seeded)
    )


def is_clock(call: str) -> bool:
    """Whether such a call reads the clock."""
    return call.partition(" ")[0] in CLOCK


def is_unordered(call: str) -> bool:
    """Whether such a call may give rows in any order."""
    return call.startswith(".")


def seed_everything() -> None:
    """The generators that a whole process shares give the same numbers from here on."""
    random.seed(SEED)
    for module, seed in (("numpy", "random.seed"), ("torch", "manual_seed"), ("polars", "set_random_seed")):
        found: Any = sys.modules.get(module)
        for part in seed.split("."):
            found = getattr(found, part, None)
        if found is not None:
            found(SEED)


def _kind(name: str, *, given: bool) -> str:
    if is_unordered(name):
        return "order"
    if name in SEEDING:
        return "seed" if given else ""
    if name in CLOCK:
        return "clock"
    if name in GENERATORS:
        return "" if given else "chance"
    return "chance" if name in CHANCE or (name.startswith(SHARED) and name not in PLACES) else ""


def _calls(file: Path, names: set[str]) -> Iterator[tuple[str, int, bool]]:
    """(full name, line, whether anything is given) of each call inside the functions with these names."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_named(node.name, names):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and (name := _full_name(call.func, aliases) or _unordered(call)):
                    yield name, call.lineno, bool(call.args or call.keywords)


def _is_named(name: str, names: set[str]) -> bool:
    return any(each == name or each.endswith(f".{name}") for each in names)


def _aliases(tree: ast.AST) -> dict[str, str]:
    """{"np": "numpy", "now": "datetime.datetime.now"} of everything that the file imports."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                first = each.name.partition(".")[0]
                found[each.asname or first] = each.name if each.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def _unordered(call: ast.Call) -> str:
    """The name, such as ".unique", of a method that may give rows in any order."""
    told = any(each.arg == "maintain_order" and not _is_false(each.value) for each in call.keywords)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return f".{method}" if method in UNORDERED and not told else ""


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def _full_name(node: ast.AST, aliases: dict[str, str]) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return ""
    return ".".join([aliases[node.id], *reversed(parts)])
