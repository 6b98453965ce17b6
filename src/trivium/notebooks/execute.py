"""Running a notebook from its first to its last cell in a kernel of its own, with parameters put into it."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from trivium.errors import TriviumError
from trivium.notebooks.client import import_jupyter, run_cells
from trivium.notebooks.executed import ExecutedNotebook
from trivium.notebooks.kernel import JOB, LOGGED, Handed, KernelJob
from trivium.notebooks.source import is_tagged
from trivium.pipelines.artifacts import encode
from trivium.pipelines.code_folder import code_folder
from trivium.pipelines.context import TaskContext
from trivium.pipelines.given import Given, Pinned
from trivium.pipelines.imported import is_users_own
from trivium.settings import Settings
from trivium.values.runs import ArtifactRef

BEGIN = "from trivium.notebooks.kernel import begin\nbegin(get_ipython())\ndel begin"
FIRST_WITH_IDS = 5
INJECTED = "injected-parameters"
LITERALS = (bool, int, str, type(None))


class NotebookFailed(TriviumError):
    """A cell of a notebook raised. outputs: the copy up to there, stored."""

    def __init__(self, message: str, outputs: tuple[ArtifactRef, ...]) -> None:
        super().__init__(message)
        self.outputs = outputs


def execute_notebook(file: Path, parameters: Mapping[str, Any], context: TaskContext) -> ExecutedNotebook:
    """The copy with what its cells gave, run for the task of this context in the notebook's folder.

    parameters: assigned below the cell tagged "parameters", else above all others.

    Raises NotebookFailed, naming the cell, and Misuse when Jupyter is not installed.
    """
    nbformat, _ = import_jupyter()
    notebook = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory(prefix="trivium-notebook-") as place:
        folder = Path(place)
        _insert(notebook, parameters, folder, context, nbformat)
        why = run_cells(notebook, folder, file.parent, _variables(context.store.settings))
        _take_metrics(folder, context)
    place_of = _failed_cell(notebook)
    del notebook.cells[0]
    copy = ExecutedNotebook(file.name, nbformat.writes(notebook).encode())
    if why is not None:
        raise NotebookFailed(f"{file.name}, {place_of}: {why}", (copy.save(context.store.blobs),))
    return copy


def _insert(notebook: Any, parameters: Mapping[str, Any], folder: Path, context: TaskContext, nbformat: Any) -> None:
    """The first cell lets the kernel act for the task; another one assigns the parameters."""
    lines, given = [], {}
    for name, value in parameters.items():
        if _is_literal(value):
            lines.append(f"{name} = {value!r}")
        else:
            given[name] = _handed(name, value, context)
            lines.append(f'{name} = __import__("trivium.notebooks.kernel", fromlist=["given"]).given({name!r})')
    job = KernelJob(context.run, context.node, context.idempotency_key, given)
    (folder / JOB).write_bytes(msgspec.json.encode(job))
    if lines:
        tagged = next((index for index, cell in enumerate(notebook.cells) if is_tagged(cell)), -1)
        cell = nbformat.v4.new_code_cell("\n".join(lines), id=INJECTED, metadata={"tags": [INJECTED]})  # no random id
        if notebook.nbformat_minor < FIRST_WITH_IDS:
            del cell["id"]
        notebook.cells.insert(tagged + 1, cell)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(BEGIN))


def _handed(name: str, value: Any, context: TaskContext) -> Handed:
    """What the kernel reads, which is not copied when it is stored already."""
    if isinstance(value, Given):
        return Handed(value.refs, value.several)
    if isinstance(value, Pinned):
        return Handed(table=value.table)
    return Handed((encode(value, context.store.blobs, f"Parameter {name!r}", by_name=True),))


def _is_literal(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    if type(value) in (list, tuple):
        return all(_is_literal(each) for each in value)
    if type(value) is dict:
        return all(_is_literal(each) for pair in value.items() for each in pair)
    return type(value) in LITERALS


def _variables(settings: Settings) -> dict[str, str]:
    """The kernel's environment: the same settings, and the same folders of the user's own code to import from."""
    known = msgspec.to_builtins(settings, enc_hook=str)
    plain = {f"TRIVIUM_{name.upper()}": str(value) for name, value in known.items() if isinstance(value, str | int)}
    own = [str(folder) for entry in sys.path if is_users_own(folder := Path(entry or os.curdir).resolve())]
    folders = [str(code_folder(settings.root)), *own, *filter(None, [os.environ.get("PYTHONPATH")])]
    path = os.pathsep.join(dict.fromkeys(folders))
    return {**os.environ, **{name: text for name, text in plain.items() if text}, "PYTHONPATH": path}


def _take_metrics(folder: Path, context: TaskContext) -> None:
    """What the cells logged is on record already, and known here, so that a reuse logs it again."""
    file = folder / LOGGED
    if file.is_file():
        context.logged.update(msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[float, int]]))


def _failed_cell(notebook: Any) -> str:
    """The cell that raised, by its place in the file; that which was put in counts as the parameters."""
    number = 0
    for cell in notebook.cells[1:]:
        injected = INJECTED in cell.metadata.get("tags", ())
        number += not injected
        if any(output.output_type == "error" for output in cell.get("outputs", ())):
            return "its parameters" if injected else f"cell {number}"
    return "after its last output"
