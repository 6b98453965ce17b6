"""A notebook as a task: run from top to bottom, with its executed copy as the result."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trivium.errors import Misuse
from trivium.notebooks.execute import execute_notebook
from trivium.notebooks.executed import ExecutedNotebook
from trivium.notebooks.source import NotebookSource, files_of, list_parameters, read_source
from trivium.pipelines.code_folder import code_folder
from trivium.pipelines.context import TaskContext, current_task
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.given import Given, Pinned
from trivium.pipelines.graph import Node
from trivium.pipelines.secrets import find_references
from trivium.pipelines.signature import is_table
from trivium.pipelines.task import Task, TaskOptions, task_options
from trivium.store.store import current_store

OPTIONS = (
    "name", "cache", "version", "retries", "backoff", "timeout", "cpus", "memory", "gpus", "env", "tags", "secrets",
)  # fmt: skip


class Notebooks:
    """`tv.notebook`: notebooks as tasks, with these options of tasks."""

    def __init__(self, changes: Mapping[str, Any]) -> None:
        self._changes = changes

    def __call__(self, file: str | Path, /, **parameters: Any) -> ExecutedNotebook:
        """The executed copy of a notebook, run from its first cell to its last in a kernel of its own.

        file: from the project's folder, unless absolute. parameters: assigned below the cell with the tag "parameters",
        whose values they replace; without such a cell above all others. In a pipeline the notebook is a task: a
        parameter may be what another task returned or a table, and it runs again when the code of its cells, a module
        of yours that they import, a parameter or the environment has changed, never for outputs, counts or Markdown.
        One that reads tables by itself is run every time; pass them as parameters instead.

        Raises Misuse when the file is no notebook of Python, and for a parameter that its cell does not have; where it
        runs, when a cell raises, naming the cell.
        """
        store = current_store()
        root = code_folder(store.settings.root)
        source, reads = read_source(root / file, root)
        _check(root / file, parameters)
        graph = current_graph()
        if graph is None:
            context = current_task() or TaskContext(store, "", "", "")
            return execute_notebook(root / file, parameters, context)
        changes = {"name": _name(root / file), "cache": True, **self._changes}
        name, cache = changes.pop("name"), changes.pop("cache") and not reads
        task = Task(run_notebook, name, TaskOptions(**task_options(**changes, cache=cache)))
        given = (str(file), source, parameters)
        return graph.add(task, given, {}, kind=NotebookCall)  # type: ignore[return-value] # it stands for the copy

    def using(self, **changes: Any) -> Notebooks:
        """The same with options of its task, which are no parameters of the notebook:
        `tv.notebook.using(timeout=600)("explore.ipynb", day=day)`. Raises Misuse for one that it does not have."""
        unknown = sorted(changes.keys() - set(OPTIONS))
        if unknown:
            raise Misuse(f"A notebook's task has no option {unknown[0]!r}; it has {', '.join(OPTIONS)}.")
        task_options(**{option: value for option, value in changes.items() if option != "name"})
        return Notebooks({**self._changes, **changes})

    def __repr__(self) -> str:
        return f"Notebooks({dict(self._changes)!r})"


notebook = Notebooks({})


class NotebookCall(Node):
    """A call of a notebook, whose file is code of the run."""

    @property
    def files(self) -> tuple[Path, ...]:
        root = code_folder(current_store().settings.root)
        return files_of(root / self.arguments["file"], root)


def run_notebook(file: str, source: NotebookSource, parameters: dict[str, Given | Pinned | Any]) -> ExecutedNotebook:
    """The same, for the task that acts here. Raises Misuse when the notebook is another one by now."""
    context = current_task()
    if context is None:
        raise Misuse("A notebook is run by a task of a run.")
    root = code_folder(context.store.settings.root)
    if read_source(root / file, root)[0] != source:
        raise Misuse(f"{file} was changed while the run was on; run the pipeline again.")
    return execute_notebook(root / file, parameters, context)


def _check(file: Path, parameters: dict[str, Any]) -> None:
    known = list_parameters(file)
    for name, value in parameters.items():
        if keyword.iskeyword(name) or (known is not None and name not in known):
            there = ", ".join(known or ()) or "none"
            raise Misuse(f"{file.name} has no parameter {name!r}; its cell tagged 'parameters' has: {there}.")
        if any(find_references(value)):
            raise Misuse(f"Parameter {name!r} of {file.name} is a secret, which its copy would show.")
        if is_table(value) and current_graph() is None:
            raise Misuse(f"Parameter {name!r} of {file.name} is a table; outside of a pipeline give its rows: .read().")


def _name(file: Path) -> str:
    return re.sub(r"\W+", "_", file.stem).strip("_").lower() or "notebook"
