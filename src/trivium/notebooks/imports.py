"""The imports of a notebook, each name for itself, and as a module has them: merged, sorted, and only what is used."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

from msgspec import Struct

from trivium.notebooks.notebook import Statement


class Import(Struct, frozen=True):
    """One imported name: `from module import name as local`, or `import module as local` when `name` is ""."""

    module: str
    name: str
    local: str

    @property
    def meaning(self) -> str:
        """What the local name stands for, as a dotted name."""
        if self.name:
            return f"{self.module}.{self.name}"
        return self.module if self.renamed else self.local

    @property
    def renamed(self) -> bool:
        """Whether it says `as`."""
        return self.local != (self.name or self.module.partition(".")[0])

    @property
    def spelled(self) -> str:
        """Without `import` or `from` before it."""
        return (self.name or self.module) + (f" as {self.local}" if self.renamed else "")


def imports_of(statement: Statement) -> list[Import]:
    """What the statement imports; nothing when it is no import."""
    node = statement.node
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return [Import(module, each.name, each.asname or each.name) for each in node.names]
    if isinstance(node, ast.Import):
        return [Import(each.name, "", each.asname or each.name.partition(".")[0]) for each in node.names]
    return []


def write_imports(imports: Iterable[Import]) -> str:
    """The imports as text: those of the future, the standard library's, all others."""
    by_module: dict[str, set[str]] = {}
    plain: dict[int, set[str]] = {}
    for each in imports:
        if each.name:
            by_module.setdefault(each.module, set()).add(each.spelled)
        else:
            plain.setdefault(_group(each.module), set()).add(f"import {each.spelled}")
    lines = {group: sorted(spelled) for group, spelled in plain.items()}
    for module, names in sorted(by_module.items()):
        lines.setdefault(_group(module), []).append(_from(module, sorted(names)))
    return "\n\n".join("\n".join(lines[group]) for group in sorted(lines))


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= 100 else f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _group(module: str) -> int:
    if module == "__future__":
        return 0
    return 1 if module.partition(".")[0] in sys.stdlib_module_names else 2
