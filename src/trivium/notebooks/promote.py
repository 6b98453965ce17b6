"""A notebook's tasks and pipelines become a module, with a test stub."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from msgspec import Struct

from trivium.errors import HiddenState, Misuse
from trivium.notebooks.contents import Contents, find_contents
from trivium.notebooks.hidden_state import hidden_state
from trivium.notebooks.module import unused_imports, write_module, write_test
from trivium.notebooks.notebook import read_notebook
from trivium.notebooks.proof import prove


class Promotion(Struct, frozen=True):
    """What was written, and what was not. pipelines: {name: what its graph has}. test: None when there was one.

    left_out: (place, statement) of what only explores. dropped_imports: what only that needed.
    """

    module: str
    test: str | None
    pipelines: dict[str, str]
    tasks: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    dropped_imports: tuple[str, ...]
    notes: tuple[str, ...]


def promote(notebook: Path, root: Path, to: Path | None = None) -> Promotion:
    """The module of the notebook's tasks and pipelines is written, and `tests/test_<module>.py` unless there is one.

    root: the project's folder. to: the module's file, beside the notebook and named as it when None. The module has
    been imported, and its pipelines drawn, by a process of its own.

    Raises HiddenState naming everything that the cells in their order do not tell, Misuse when the notebook declares
    nothing, its module does not work, or its file is there already; nothing is written then.
    """
    module = to or notebook.with_name(f"{_identifier(notebook.stem)}.py")
    if module.suffix != ".py" or not module.stem.isidentifier():
        raise Misuse(f"{module} cannot be imported: name a .py file by letters, digits and `_`.")
    cells = read_notebook(notebook)
    code = [cell for cell in cells if cell.kind == "code"]
    contents = find_contents(code)
    reasons = hidden_state(code, contents)
    if reasons:
        raise HiddenState(
            f"{notebook} is not promoted, because of state that its cells do not tell:\n"
            + "\n".join(f"  {each}" for each in reasons)
            + "\nCorrect them, then restart the kernel, run all cells and save."
        )
    if not (contents.decorated("task") or contents.decorated("pipeline")):
        raise Misuse(
            f"{notebook} has neither a task nor a pipeline: decorate functions with @tv.task and @tv.pipeline."
        )
    text = write_module(notebook.name, cells, contents)
    if module.exists() and module.read_text(encoding="utf-8") != text:
        raise Misuse(f"{module} is there already, with other content; name another file with --to, or delete it.")
    pipelines = _try(text, module, root)
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(text, encoding="utf-8")
    return _told(module, _write_test(module, root, contents), pipelines, contents)


def _try(text: str, module: Path, root: Path) -> dict[str, str]:
    """The pipelines of the module, tried where it harms nobody."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / module.name
        file.write_text(text, encoding="utf-8")
        return prove(file, root.resolve(), module.parent.resolve())


def _write_test(module: Path, root: Path, contents: Contents) -> Path | None:
    test = root / "tests" / f"test_{module.stem}.py"
    if test.exists():
        return None
    test.parent.mkdir(exist_ok=True)
    test.write_text(write_test(_dotted(module, root), contents), encoding="utf-8")
    return test


def _dotted(module: Path, root: Path) -> str:
    """How a test that is started in the project's folder imports the module."""
    place = module.resolve()
    parts = place.relative_to(root.resolve()).with_suffix("").parts if place.is_relative_to(root.resolve()) else ()
    return ".".join(parts) if parts and all(each.isidentifier() for each in parts) else module.stem


def _told(module: Path, test: Path | None, pipelines: dict[str, str], contents: Contents) -> Promotion:
    return Promotion(
        module=str(module),
        test=None if test is None else str(test),
        pipelines=pipelines,
        tasks=tuple(node.name for node in contents.decorated("task")),
        left_out=tuple((each.place, each.text.splitlines()[-1].strip()) for each in contents.left_out),
        dropped_imports=tuple(unused_imports(contents)),
        notes=contents.notes,
    )


def _identifier(stem: str) -> str:
    """The name of a module: `01 Explore-it` is explore_it."""
    return re.sub(r"\W+", "_", stem).strip("_0123456789").lower() or "pipeline"
